import type { MessageType } from '../numbers.ts';
import type { MobilityOption } from '../options/option.ts';

/** Asks a mobile node to update its binding (RFC 6275 §6.1.2). */
export interface BindingRefreshRequest {
  readonly type: typeof MessageType.bindingRefreshRequest;
  readonly options: readonly MobilityOption[];
}
