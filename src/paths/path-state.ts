/** An uplink's life as an operator sees it. */
export type PathState =
  /** No device, no carrier, no usable address or no route. */
  | 'down'
  /** Usable, waiting for the home agent's acknowledgement. */
  | 'registering'
  /** Registered and carrying traffic if chosen. */
  | 'active'
  /** Link up, but nothing comes back. */
  | 'dead'
  /** Usable but not registered: refused by the home agent, or standing by in plain Mobile IPv6. */
  | 'standby';

/** Why a path stopped or started to carry traffic. */
export type PathReason =
  | 'link-down'
  | 'link-up'
  | 'address-removed'
  | 'address-added'
  | 'no-route'
  | 'router-lost'
  | 'probe-lost'
  | 'probe-answered'
  | 'registered'
  | 'registration-lost'
  | 'start'
  | 'shutdown';
