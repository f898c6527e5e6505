import type { LockedPak } from "@paks/schema";

type State = Pick<LockedPak, "version" | "digest" | "resolved">;

/** Stands for the state before, where nothing was installed. */
export const noState = "(new)";

/** A version, or the short commit or digest of what has none. */
export const stateName = (state: State): string => state.version ?? pointOf(state);

/** Of two different states, told apart where both call themselves the same version. */
export function stateNames(before: State, after: State): readonly [before: string, after: string] {
  const names = [stateName(before), stateName(after)] as const;
  if (names[0] !== names[1] || before.version === null) return names;
  return [`${names[0]} (${pointOf(before)})`, `${names[1]} (${pointOf(after)})`];
}

const pointOf = ({ digest, resolved }: State): string =>
  "commit" in resolved ? resolved.commit.slice(0, 7) : digest.slice(0, 11);
