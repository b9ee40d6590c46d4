import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bundleScript, executable, runBundle, runScript, VARIANTS, workDirectory } from '../../native/monami.ts';

const directory = workDirectory();

for (const variant of VARIANTS) {
  const script = async (name: string) => runScript(await executable(variant), name, directory);
  const failure = async (way: string) =>
    runBundle(await executable(variant), await bundleScript('failures', directory), { words: [way] });

  test(`every handle that is always ready is served at every turn (${variant})`, async () => {
    const { turns, handles, counts } = (await script('fairness')) as {
      turns: number;
      handles: number;
      counts: number[];
    };
    assert.is(handles, 40);
    assert.equal(counts, Array(handles).fill(turns));
  });

  test(`a deadline is never called early, and seldom late (${variant})`, async () => {
    const { calls, latenessMs } = (await script('deadlines')) as { calls: number; latenessMs: number[] };
    assert.is(latenessMs.length, calls);
    for (const lateMs of latenessMs) assert.ok(lateMs >= 0, `called ${-lateMs} ms early`);
    const median = [...latenessMs].sort((a, b) => a - b)[latenessMs.length >> 1]!;
    assert.ok(median < 2, `a median of ${median} ms late`);
  });

  test(`a deadline that a promise's job brings forward is kept (${variant})`, async () => {
    const { turns, elapsedMs } = (await script('moved-deadline')) as { turns: number; elapsedMs: number };
    assert.ok(elapsedMs >= 20 && elapsedMs < 5000, `${elapsedMs} ms`);
    assert.ok(turns <= 6, `${turns} turns`);
  });

  test(`a handler that leaves a job at every turn does not make the loop spin (${variant})`, async () => {
    const { turns } = (await script('restless')) as { turns: number };
    assert.ok(turns < 450, `${turns} turns in 200 ms`);
  });

  test(`an exception ends the process with status 70 and its stack (${variant})`, async () => {
    for (const way of ['at-start', 'in-turn']) {
      const { status, stderr } = await failure(way);
      assert.is(status, 70, way);
      assert.match(
        stderr,
        /^monami: (unhandled rejection: )?RangeError: as meant\n\s+at deepInside \(.*failures\.js:\d+/,
      );
      assert.is(stderr.split('as meant').length, 2, 'told once');
    }
  });

  test(`a handler that returns no deadline is an exception (${variant})`, async () => {
    const { status, stderr } = await failure('wrong-deadline');
    assert.is(status, 70);
    assert.match(stderr, /TypeError: the turn's handler did not return a deadline/);
  });

  test(`an unhandled rejection is told, and the process goes on (${variant})`, async () => {
    const { status, stderr } = await failure('rejection');
    assert.is(status, 3);
    assert.match(stderr, /^monami: unhandled rejection: Error: nobody waits for me\n\s+at /);
    const handled = await failure('handled-rejection');
    assert.equal(handled, { status: 0, stdout: 'caught', stderr: '' });
  });

  test(`exit ends the process after the turn; without a handler it ends by itself (${variant})`, async () => {
    assert.equal(await failure('exit'), { status: 7, stdout: 'the turn ends first', stderr: '' });
    assert.equal(await failure(''), { status: 0, stdout: 'nothing to do', stderr: '' });
  });

  test(`a bundle that is missing or wrong is told (${variant})`, async () => {
    const program = await executable(variant);
    const missing = await runBundle(program, `${directory}/none.js`);
    assert.is(missing.status, 66);
    assert.match(missing.stderr, /none\.js: No such file/);
    const wrong = await runBundle(program, '/etc/passwd');
    assert.is(wrong.status, 70);
    assert.match(wrong.stderr, /SyntaxError/);
  });
}

test.run();
