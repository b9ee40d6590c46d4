/** Which broker, and how to talk to it. */
export interface BrokerSettings {
  /** For log lines; the platform connects. */
  readonly host: string;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly topicPrefix: string;
  readonly vehicleId: string;
  /** False for brokers that refuse retained messages. */
  readonly retain: boolean;
  readonly keepAliveSeconds: number;
  /** Events kept while the broker cannot be reached. */
  readonly outboxMessages: number;
}

/** The topics of one vehicle or home agent. */
export interface Topics {
  readonly status: string;
  readonly event: string;
  readonly routerBindings: string;
  readonly agentBindings: string;
  pathState(uplink: string): string;
  pathMetrics(uplink: string): string;
}

export function topicsOf({ topicPrefix, vehicleId }: Pick<BrokerSettings, 'topicPrefix' | 'vehicleId'>): Topics {
  const base = `${topicPrefix}/${vehicleId}`;
  return {
    status: `${base}/status`,
    event: `${base}/event`,
    routerBindings: `${base}/mr/bindings`,
    agentBindings: `${base}/ha/bindings`,
    pathState: (uplink) => `${base}/path/${uplink}/state`,
    pathMetrics: (uplink) => `${base}/path/${uplink}/metrics`,
  };
}
