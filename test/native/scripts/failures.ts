// The ways in which a script can fail, by the first word of the command line.
import { commandLine, exit, onTurn, print } from 'monami-native';

function deepInside(): never {
  throw new RangeError('as meant');
}

const never = Number.POSITIVE_INFINITY;
switch (commandLine[0]) {
  case 'at-start':
    deepInside();
    break;
  case 'in-turn':
    onTurn(() => deepInside());
    break;
  case 'wrong-deadline':
    onTurn(() => 'soon' as unknown as number);
    break;
  case 'rejection':
    void Promise.reject(new Error('nobody waits for me'));
    onTurn(() => {
      exit(3);
      return never;
    });
    break;
  case 'handled-rejection': {
    const rejected = Promise.reject(new Error('handled'));
    rejected.catch(() => print(1, 'caught'));
    break;
  }
  case 'exit':
    onTurn(() => {
      exit(7);
      print(1, 'the turn ends first');
      return never;
    });
    break;
  default:
    print(1, 'nothing to do');
}
