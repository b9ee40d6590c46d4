/**
 * The native part that `firmware/native` gives to JavaScript, and the whole contract between them.
 *
 * Handles are small integers above 0. Every function that talks to the kernel returns a value of 0 or above, or
 * `-errno`; wrong arguments (a closed handle, a range outside its buffer) throw `TypeError` or `RangeError`. Addresses
 * are passed as their 4 or 16 octets in a buffer, never as text. Nothing here blocks, but for `runCommand`.
 * All descriptors are non-blocking and close-on-exec.
 */
declare module 'monami-native' {
  // --- process -----------------------------------------------------------------------------------------------------

  /** The words of the command line behind the program's name (and behind `--bundle FILE`). */
  export const commandLine: readonly string[];
  /** The executable's version, as built. */
  export const version: string;
  export const littleEndian: boolean;

  /** Monotonic time in milliseconds, with a fraction (CLOCK_BOOTTIME: suspend counts). */
  export function monotonicMs(): number;
  /** Wall clock in milliseconds since 1970, for telemetry and logs only. */
  export function wallClockMs(): number;
  /** Fills a range of a buffer from the kernel's generator. */
  export function randomBytes(buffer: ArrayBuffer, offset: number, length: number): void;
  /** Ends the process after this turn, with handles closed. */
  export function exit(status: number): void;
  export function processId(): number;
  /** An environment variable, or undefined. */
  export function environment(name: string): string | undefined;
  /** The text for an errno (positive). */
  export function errorText(errno: number): string;

  /**
   * Registers the one function that the loop calls: once per turn with every ready handle, and when the deadline that
   * it returned last has come. `events` holds `count` pairs (handle, readiness), readiness being bits of
   * READABLE, WRITABLE, HANGUP; the array is reused. Returns the next deadline in monotonic milliseconds, or Infinity.
   * It is also called (with no events, if none are ready) at the start, and soon after promises' jobs have run, which
   * may have moved its deadline.
   * An exception that it lets out is printed with its stack to stderr, and the process exits with status 70.
   */
  export function onTurn(handler: (events: Int32Array, count: number) => number): void;
  export const READABLE: 1;
  export const WRITABLE: 2;
  export const HANGUP: 4;
  /** Which readiness the loop reports for a handle: bits, 0 for none. New handles start with READABLE. */
  export function watch(handle: number, readiness: number): void;
  export function close(handle: number): void;

  /** Reports signals as a readable handle instead of their default; read them with `signalRead`. */
  export function signalOpen(signals: number[]): number;
  /** The next signal's number, or -EAGAIN. */
  export function signalRead(handle: number): number;

  // --- standard streams and files ----------------------------------------------------------------------------------

  /** Writes text as UTF-8 to descriptor 1 or 2, whole. */
  export function print(descriptor: 1 | 2, text: string): number;
  /** A file's bytes (`-` for standard input), or -errno. At most 64 MiB. */
  export function readFile(path: string): ArrayBuffer | number;
  /** Writes a file whole: to a temporary name beside it, synced and renamed. */
  export function writeFile(path: string, data: ArrayBuffer, mode: number): number;
  export function removeFile(path: string): number;
  /** A file's permission bits, or -errno. */
  export function fileMode(path: string): number;
  export function utf8Decode(buffer: ArrayBuffer, offset: number, length: number): string;
  export function utf8Encode(text: string): ArrayBuffer;
  /** Sends one line to syslog (priority as in syslog(3)), opened under the name monami at the first call. */
  export function syslog(priority: number, text: string): void;

  /**
   * Runs a program (argv, no shell) with `input` on its standard input, and waits, for `timeoutMs` at most (then it is
   * killed). For short set-up commands at start and exit alone. `status`: exit status, 128 + signal, or -errno
   * (-ETIMEDOUT: killed for time). `output`: standard output and standard error together, at most 1 MiB.
   */
  export function runCommand(argv: string[], input: string, timeoutMs: number): { status: number; output: string };

  // --- sockets -----------------------------------------------------------------------------------------------------

  /**
   * A packet socket (AF_PACKET, SOCK_DGRAM) on one interface for one ethertype, that receives what the classic BPF
   * program accepts (`struct sock_filter` array in host byte order). Outgoing packets are left out.
   */
  export function packetOpen(interfaceIndex: number, etherType: number, program: ArrayBuffer): number;

  /** A raw IPv6 socket that sends whole packets, IPv6 header included. */
  export function rawIpv6Open(): number;
  /**
   * Sends one whole IPv6 packet by the routing tables, looked up with the packet's own source address; through
   * `interfaceIndex` if it is not 0.
   */
  export function rawIpv6Send(
    handle: number,
    buffer: ArrayBuffer,
    offset: number,
    length: number,
    interfaceIndex: number,
  ): number;

  /** The same for IPv4; the kernel fills in the header's checksum. */
  export function rawIpv4Open(): number;
  export function rawIpv4Send(
    handle: number,
    buffer: ArrayBuffer,
    offset: number,
    length: number,
    interfaceIndex: number,
  ): number;

  /**
   * Has the host receive on an interface what is sent to a multicast group, or answer for an anycast address: 16
   * octets. It lasts until it is undone or the raw socket is closed. -EADDRINUSE if this socket has it already; the
   * kernel bounds the number per socket (-ENOBUFS, -ENOMEM).
   */
  export function ipv6JoinGroup(handle: number, address: ArrayBuffer, interfaceIndex: number): number;
  export function ipv6LeaveGroup(handle: number, address: ArrayBuffer, interfaceIndex: number): number;

  /**
   * A UDP socket bound to an address (4 or 16 octets) and port; port 0 for any. With an interface, its packets come and
   * go by that one alone.
   */
  export function udpOpen(address: ArrayBuffer, port: number, reuseAddress: boolean, interfaceIndex?: number): number;
  export function udpSend(
    handle: number,
    buffer: ArrayBuffer,
    offset: number,
    length: number,
    address: ArrayBuffer,
    port: number,
  ): number;

  /**
   * Receives up to `maximum` packets at once from a packet, raw, UDP or netlink socket (recvmmsg) into `buffer`, packed
   * one behind the other from `offset`. For packet i, `meta[i * META_WORDS]` ff. is: its offset, its length (as
   * captured), its length on the wire, the interface index, the sender's port, the sender's address length (0, 4 or 16)
   * and its octets in 4 words, in memory order. Returns the number of packets, 0 if there is none, or -errno.
   */
  export function receive(
    handle: number,
    buffer: ArrayBuffer,
    offset: number,
    length: number,
    meta: Int32Array,
    maximum: number,
  ): number;
  export const META_WORDS: 10;

  /**
   * From now on `receive` on packet sockets tells Binding Updates that are signed by one of these keys, later than any
   * before (RFC 4285), from all other packets, and while more wait than it takes it leaves most of the others out: a flood
   * must not keep good updates waiting. 36 octets for each association: home address 16, SPI 4 (big-endian), key 16.
   * 0 or -errno.
   */
  export function admitSigned(associations: ArrayBuffer): number;
  /** How many packets were left out so far. */
  export function heldBack(): number;

  /** Starts to connect; the handle becomes writable when it is done (or `streamError` tells why not). */
  export function tcpConnect(address: ArrayBuffer, port: number, sourceAddress: ArrayBuffer | undefined): number;
  export function tcpListen(address: ArrayBuffer, port: number): number;
  /** A UNIX stream socket at a path; an old socket file that nobody listens on is replaced. Mode of the file: 0600. */
  export function unixListen(path: string): number;
  export function unixConnect(path: string): number;
  /** The next connection of a listening socket, or -EAGAIN. */
  export function accept(handle: number): number;
  /** The pending error of a stream: 0 or -errno. */
  export function streamError(handle: number): number;
  /** Reads a stream: octets read, 0 at its end, or -errno. */
  export function streamRead(handle: number, buffer: ArrayBuffer, offset: number, length: number): number;
  /** Writes to a stream: octets taken, or -errno. Never raises SIGPIPE. */
  export function streamWrite(handle: number, buffer: ArrayBuffer, offset: number, length: number): number;

  /** Starts to resolve a host name in a thread; readable when done. `family`: 0, 4 or 6. */
  export function resolveOpen(name: string, family: number): number;
  /** The addresses found, as one buffer each, or -errno (-ENOENT: no such name; -EAGAIN: not done). */
  export function resolveRead(handle: number): ArrayBuffer[] | number;

  // --- kernel ------------------------------------------------------------------------------------------------------

  /** A rtnetlink socket that has joined multicast groups (RTNLGRP_* numbers, none: []). Read it with `receive`. */
  export function netlinkOpen(groups: number[]): number;
  /** Sends netlink messages to the kernel. */
  export function netlinkSend(handle: number, buffer: ArrayBuffer, offset: number, length: number): number;

  /** Creates a TUN device (IFF_TUN, IFF_NO_PI, IFF_VNET_HDR); it goes away with its handle. */
  export function tunOpen(name: string): number;
  /** Writes to /proc/sys or /sys. */
  export function writeSystemFile(path: string, text: string): number;

  // --- hashes (mbedTLS) --------------------------------------------------------------------------------------------

  export const HASH_SHA1: 1;
  export const HASH_SHA256: 2;
  export const HASH_MD5: 3;
  /** The digest of a range. */
  export function hash(algorithm: number, buffer: ArrayBuffer, offset: number, length: number): ArrayBuffer;
  /** The HMAC of a range under a key. */
  export function hmac(
    algorithm: number,
    key: ArrayBuffer,
    buffer: ArrayBuffer,
    offset: number,
    length: number,
  ): ArrayBuffer;
  /** Compares two ranges of equal length in constant time. */
  export function equalConstantTime(a: ArrayBuffer, b: ArrayBuffer): boolean;

  // --- forwarder ---------------------------------------------------------------------------------------------------

  /** Starts the forwarder's thread on a TUN handle. It forwards nothing until it has a table. */
  export function forwarderOpen(tun: number): number;
  /** Replaces the forwarding table (format: src/forwarding/encode-table.ts). -EINVAL if it is malformed. */
  export function forwarderApply(handle: number, buffer: ArrayBuffer, offset: number, length: number): number;
  /**
   * Fills `counters` and returns how many it has: first the forwarder's own, then those of each tunnel, in the layout
   * of src/forwarding/statistics.ts.
   */
  export function forwarderStatistics(handle: number, counters: Float64Array): number;
}
