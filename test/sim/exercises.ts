import { BindingStatus } from '../../src/wire/mh/numbers.ts';
import type { World } from './world.ts';

/** How often what happened in a world that worlds are made for, by name: what never happens proves nothing. */
export function exercises(world: World): ReadonlyMap<string, number> {
  const { vehicles, homeAgent, witness, ledger } = world;
  const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, number) => total + number, 0);
  const uplinks = vehicles.flatMap((vehicle) => vehicle.uplinks);
  const nats = [
    ...world.networks.map(({ ipv4 }) => ipv4?.nat ?? []),
    ...uplinks.map(({ modem }) => modem ?? []),
  ].flat();
  const routers = vehicles.map(({ host }) => host);
  const channels = [...world.channels()].map(({ done }) => done);
  const lostFor = (reason: string) =>
    sum([...ledger.losses].flatMap(([where, count]) => (where.endsWith(reason) ? count : [])));
  return new Map([
    ['packets lost by chance', sum(channels.map(({ lost }) => lost))],
    ['packets doubled', sum(channels.map(({ doubled }) => doubled))],
    ['packets held back', sum(channels.map(({ heldBack }) => heldBack))],
    ['packets too big for a link', sum(channels.map(({ refusedForSize }) => refusedForSize))],
    ['packets swallowed by a silent link', sum(channels.map(({ swallowed }) => swallowed))],
    ["packets with a source that is not the terminal's", lostFor(': ingress')],
    ['attachments', sum(uplinks.map(({ attachments }) => attachments))],
    ['handovers', sum(uplinks.map(({ handovers }) => handovers))],
    ['deaf spells', sum(uplinks.map(({ deafSpells }) => deafSpells))],
    ['outages of a carrier', world.silences],
    ['outages of one address family of a carrier', world.familySilences],
    ['addresses used again by another terminal', sum(world.networks.map(({ reused }) => reused))],
    ['other address families after a handover', sum(uplinks.map(({ familyChanges }) => familyChanges))],
    ['bindings that change their address family', witness.familyChanges],
    ['NAT mappings timed out', sum(nats.map(({ timeouts }) => timeouts))],
    ['NAT reboots', sum(nats.map(({ reboots }) => reboots))],
    ['NAT rebindings', sum(nats.map(({ rebindings }) => rebindings))],
    ['NAT port changes', sum(nats.map(({ portChanges }) => portChanges))],
    ["NAT's endpoints used again by another host", sum(nats.map(({ reused }) => reused))],
    ['updates accepted in UDP', witness.inUdp],
    ['updates accepted for plain IPv4', witness.directlyInIpv4],
    ['IPv4 packets delivered', ledger.deliveredIpv4],
    ['routers killed', sum(routers.map(({ kills }) => kills)) - sum(vehicles.map(({ reboots }) => reboots))],
    ['routers stopped', sum(routers.map(({ stops }) => stops)) - vehicles.length],
    ['routers rebooted', sum(vehicles.map(({ reboots }) => reboots))],
    ['kernel notifications lost', sum(routers.map(({ lostNotifications }) => lostNotifications))],
    ['home agents killed', homeAgent.kills],
    ['home agents stopped', homeAgent.stops - 1],
    ['wall clocks set', sum(routers.map(({ clock }) => clock.jumps))],
    ['updates refused for their sequence number', witness.refused.get(BindingStatus.sequenceNumberOutOfWindow) ?? 0],
    ['updates refused for their timestamp', witness.refused.get(BindingStatus.mipv6IdMismatch) ?? 0],
    ['updates accepted', witness.accepted],
  ]);
}
