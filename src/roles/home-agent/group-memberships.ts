import type { Address } from '../../bytes/address.ts';
import type { RoleAction } from '../action.ts';
import type { HomeLink } from './home-link.ts';

/** Multicast groups and anycast addresses of the home link, each joined as long as somebody needs it. */
export class GroupMemberships {
  readonly #users = new Map<Address, number>();
  #link: HomeLink | undefined;

  join(group: Address): RoleAction[] {
    const users = this.#users.get(group) ?? 0;
    this.#users.set(group, users + 1);
    return users === 0 && this.#link ? [this.#action('join-group', group, this.#link)] : [];
  }

  leave(group: Address): RoleAction[] {
    const users = this.#users.get(group) ?? 0;
    if (users > 1) {
      this.#users.set(group, users - 1);
      return [];
    }
    this.#users.delete(group);
    return users === 1 && this.#link ? [this.#action('leave-group', group, this.#link)] : [];
  }

  /** Memberships are bound to the interface: on another one, or on one that came back, they are made anew. */
  moveTo(link: HomeLink | undefined): RoleAction[] {
    if (link?.interfaceIndex === this.#link?.interfaceIndex) return [];
    const groups = [...this.#users.keys()];
    const old = this.#link;
    this.#link = link;
    return [
      ...(old ? groups.map((group) => this.#action('leave-group', group, old)) : []),
      ...(link ? groups.map((group) => this.#action('join-group', group, link)) : []),
    ];
  }

  #action(type: 'join-group' | 'leave-group', group: Address, { interfaceIndex }: HomeLink): RoleAction {
    return { type, group, interfaceIndex };
  }
}
