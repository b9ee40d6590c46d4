/** What one home agent has shown that it takes. */
export class AgentAbilities {
  /** Bindings with Binding Identifiers (RFC 5648 §5.7). */
  support: 'unknown' | 'supported' | 'unsupported' = 'unknown';
  /** Several bindings in one update. */
  bulk: boolean;
  /** The agent does not take a home binding beside others (status 169). */
  homeBindingProhibited = false;

  constructor(bulk: boolean) {
    this.bulk = bulk;
  }

  /** Whether the home link cannot be used beside other links: then it is either or. */
  get homeBindingUnavailable(): boolean {
    return this.homeBindingProhibited || this.support === 'unsupported';
  }
}
