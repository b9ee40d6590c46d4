import type { HomeAgentStatus, MobileRouterStatus } from '../roles/status.ts';

export type { PathReason, PathState } from '../paths/path-state.ts';
export type { RoleEvent as StackEvent } from '../roles/events.ts';
export type {
  BindingStatusRow,
  HomeAgentStatus,
  HomeStatus,
  Ipv4PathStatus,
  MobileRouterStatus,
  OuterStatus,
  UplinkStatus,
} from '../roles/status.ts';

/** What the running machines are doing, at one moment. */
export interface StackStatus {
  readonly mobileRouter?: MobileRouterStatus;
  readonly homeAgent?: HomeAgentStatus;
  /** Packets dropped or refused, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** Mobility messages sent and received, as `sent.bindingUpdate` and so on. */
  readonly messages: Readonly<Record<string, number>>;
}
