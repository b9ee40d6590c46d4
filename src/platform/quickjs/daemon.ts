import { exit, monotonicMs, readFile, runCommand, signalOpen, signalRead, utf8Decode } from 'monami-native';
import { formatAddress } from '../../bytes/address.ts';
import { homeAgentsAnycastAddress } from '../../bytes/special-addresses.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { ForwarderStatistics } from '../../forwarding/statistics.ts';
import type { RoleEvent } from '../../roles/events.ts';
import type { StackStatus } from '../../stack/events.ts';
import { receiveRules, removeReceiveRules } from '../../stack/receive-rules.ts';
import { Stack, type StackAction, type StackInput } from '../../stack/stack.ts';
import { usesIpv4 } from '../../stack/uses-ipv4.ts';
import type { Log, TimerSource } from '../contract.ts';
import { admissionDrops, admitMobileNodes } from './admission.ts';
import { ControlServer } from './control-server.ts';
import type { EventLoop } from './event-loop.ts';
import { ForwarderPort } from './forwarder-port.ts';
import { GroupPort } from './group-port.ts';
import { KernelNetwork } from './kernel-network.ts';
import { NamePort } from './name-port.ts';
import { roleServices } from './role-services.ts';
import { SignallingPort } from './signalling-port.ts';
import { setUpTunnel } from './tunnel-device.ts';

const SIGINT = 2;
const SIGTERM = 15;
const NFT_TIMEOUT_MS = 5000;
/** How long a shutdown waits for the home agent's acknowledgement. */
const FAREWELL_MS = 1500;

/** How long the observer may take to say its own farewell, over tunnels that still stand. */
const OBSERVER_FAREWELL_MS = 1200;

/** Who is told what happens. */
export interface DaemonObserver {
  event(event: RoleEvent): void;
  /** The daemon stops; it waits a little for `done`. */
  stopping(done: () => void): void;
}

/** The running daemon: one stack, and the host's network that it has in hand. */
export class Daemon implements TimerSource {
  readonly #configuration: Configuration;
  readonly #loop: EventLoop;
  readonly #log: Log;
  readonly #stack: Stack;
  readonly #control: ControlServer;
  readonly #groups: GroupPort;
  #observer: DaemonObserver | undefined;
  #kernel: KernelNetwork | undefined;
  #forwarder: ForwarderPort | undefined;
  #port: SignallingPort | undefined;
  #names: NamePort | undefined;
  /** When a shutdown is over, acknowledged or not. */
  #farewellMs = Number.POSITIVE_INFINITY;
  #isStopping = false;

  /**
   * Takes the host's network in hand. Throws with everything as it was if something is missing. `answer` serves the
   * control socket.
   */
  constructor(configuration: Configuration, loop: EventLoop, log: Log, answer: (request: string) => unknown) {
    this.#configuration = configuration;
    this.#loop = loop;
    this.#log = log;
    this.#stack = new Stack(configuration, roleServices);
    this.#groups = new GroupPort(log);
    this.#control = new ControlServer(loop, log, configuration.control.socketPath, answer);
    try {
      this.#start();
    } catch (error) {
      this.#takeBack();
      throw error;
    }
  }

  observe(observer: DaemonObserver): void {
    this.#observer = observer;
  }

  status(): StackStatus {
    const status = this.#stack.status(monotonicMs());
    return { ...status, drops: { ...status.drops, ...admissionDrops() } };
  }

  forwarderStatistics(): ForwarderStatistics | undefined {
    return this.#forwarder?.statistics();
  }

  get nextDeadlineMs(): number {
    return Math.min(this.#stack.nextDeadlineMs, this.#farewellMs);
  }

  run(nowMs: number): void {
    if (nowMs >= this.#farewellMs) {
      this.#log('notice', 'the home agent did not acknowledge in time; its bindings will expire by themselves');
      this.#end();
      return;
    }
    const tunnels = this.#forwarder?.statistics().tunnels ?? [];
    this.#handle({ type: 'deadline', traffic: (id) => tunnels.find(({ tunnelId }) => tunnelId === id) });
  }

  #start(): void {
    const { tunnel, mobileRouter, homeAgent } = this.#configuration;
    const ipv4 = usesIpv4(this.#configuration);
    this.#warnIfNotForwarding('IPv6', '/proc/sys/net/ipv6/conf/all/forwarding');
    if (ipv4) this.#warnIfNotForwarding('IPv4', '/proc/sys/net/ipv4/ip_forward');
    const kernel = new KernelNetwork(
      this.#loop,
      this.#log,
      {
        messages: (messages) => this.#handle({ type: 'network', messages }),
        lost: () => this.#handle({ type: 'network-lost' }),
      },
      { neighbors: mobileRouter !== undefined, ipv4 },
    );
    this.#kernel = kernel;
    const kinds = ['dump-rules', 'dump-routes', 'dump-neighbors', 'dump-proxy-neighbors', 'dump-addresses'] as const;
    const found = kinds.flatMap((kind) => [...kernel.dumpNow(kind, 'ipv6'), ...kernel.dumpNow(kind, 'ipv4')]);
    const leftovers = this.#stack.leftovers(found);
    if (leftovers.length > 0) this.#log('notice', `removing ${leftovers.length} routes and rules of an earlier run`);
    kernel.configure(leftovers);
    this.#forwarder = new ForwarderPort(this.#log, tunnel.interface);
    kernel.configure([setUpTunnel(tunnel.interface, kernel.dumpNow('dump-links'))]);
    this.#nft(this.#stack.receiveRules() ?? receiveRules({ local: [], remote: [] }, tunnel.interface));
    if (homeAgent) admitMobileNodes(homeAgent.mobileNodes);
    const destinations = homeAgent && [homeAgent.address, ...homeAgent.homePrefixes.map(homeAgentsAnycastAddress)];
    const homeAddresses = mobileRouter?.homes.map(({ homeAddress }) => homeAddress);
    const insideIpv4 = ipv4 ? (destinations ?? homeAddresses) : undefined;
    this.#port = new SignallingPort(this.#loop, this.#log, { destinations, insideIpv4 }, (bytes, interfaceIndex) =>
      this.#handle({ type: 'packet', bytes, interfaceIndex }),
    );
    if (mobileRouter?.homes.some(({ homeAgentName }) => homeAgentName !== undefined)) {
      const usesSystemServers = mobileRouter.nameServers === undefined;
      this.#names = new NamePort(this.#loop, (input) => this.#handle(input), usesSystemServers);
    }
    this.#catchSignals();
    this.#loop.addTimers(this);
    kernel.readAll();
    if (mobileRouter) {
      for (const { homeAddress, homeAgentAddress, homeAgentName = 'a home agent to be found' } of mobileRouter.homes) {
        const agent = homeAgentAddress === undefined ? homeAgentName : formatAddress(homeAgentAddress);
        this.#log('notice', `mobile router ${formatAddress(homeAddress)} of home agent ${agent}`);
      }
    }
    if (homeAgent) {
      this.#log(
        'notice',
        `home agent ${formatAddress(homeAgent.address)} for ${homeAgent.mobileNodes.length} mobile nodes`,
      );
    }
  }

  #handle(input: StackInput): void {
    for (const action of this.#stack.handle(input, monotonicMs())) this.#execute(action);
  }

  #execute(action: StackAction): void {
    switch (action.type) {
      case 'send':
        this.#port?.send(action.bytes, action.interfaceIndex);
        break;
      case 'forward':
        this.#forwarder?.apply(action.table);
        break;
      case 'configure':
        this.#kernel?.configure(action.requests);
        break;
      case 'listen':
        this.#port?.listen(action.interfaceIndexes, action.neighborDiscovery);
        break;
      case 'receive-rules':
        this.#nft(action.rules);
        break;
      case 'join-group':
        this.#groups.join(action.group, action.interfaceIndex);
        break;
      case 'leave-group':
        this.#groups.leave(action.group, action.interfaceIndex);
        break;
      case 'query-name':
        this.#names?.query(action);
        break;
      case 'event':
        this.#observer?.event(action.event);
        break;
      case 'done':
        this.#end();
        break;
    }
  }

  #catchSignals(): void {
    const handle = signalOpen([SIGINT, SIGTERM]);
    this.#loop.register(handle, () => {
      while (signalRead(handle) > 0) this.#stop();
    });
  }

  /** The first signal says farewell to the home agent; a second one does not wait for the answer. */
  #stop(): void {
    if (this.#farewellMs !== Number.POSITIVE_INFINITY) {
      this.#end();
      return;
    }
    this.#log('notice', 'stopping');
    this.#farewellMs = monotonicMs() + OBSERVER_FAREWELL_MS + FAREWELL_MS;
    const deregister = () => {
      this.#farewellMs = monotonicMs() + FAREWELL_MS;
      this.#handle({ type: 'shutdown' });
    };
    if (this.#observer) this.#observer.stopping(deregister);
    else deregister();
  }

  #end(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#farewellMs = Number.POSITIVE_INFINITY;
    this.#takeBack();
    exit(0);
  }

  /** Leaves the host's network as it was found; the TUN device goes with the process. */
  #takeBack(): void {
    this.#kernel?.configure(this.#stack.withdraw());
    const result = runCommand(['nft', '-f', '-'], removeReceiveRules(), NFT_TIMEOUT_MS);
    if (result.status !== 0)
      this.#log('warning', `nft left the tables 'ip6 monami' and 'ip monami' behind: ${result.output.trim()}`);
    this.#control.close();
  }

  #nft(rules: string): void {
    const { status, output } = runCommand(['nft', '-f', '-'], rules, NFT_TIMEOUT_MS);
    if (status === 0) return;
    const detail = output.trim() || `status ${status}`;
    throw new Error(`nft (package nftables) cannot install the rules that keep the kernel quiet: ${detail}`);
  }

  #warnIfNotForwarding(family: 'IPv6' | 'IPv4', path: string): void {
    const value = readFile(path);
    if (typeof value === 'number' || utf8Decode(value, 0, value.byteLength).trim() !== '0') return;
    this.#log(
      'warning',
      `${family} forwarding is off: nothing behind this router is reached (sysctl -w ${path.slice(10).replaceAll('/', '.')}=1)`,
    );
  }
}
