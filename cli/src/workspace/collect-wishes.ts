import {
  type Lock,
  PaksError,
  type Source,
  type Workspace,
  isPaksError,
  parseSource,
  workspaceFileNames,
} from "@paks/schema";
import { findLocked, isHeir } from "./entry.ts";
import type { OpenWorkspace } from "./open-workspace.ts";
import { namedTwice } from "./one-each.ts";
import type { InstallRequest } from "./plan-install.ts";
import { type Wish, identityOf, isRegistryWish, isDisabled, isSameWish, listWishes } from "./wish.ts";

/**
 * What the command line, the workspace and the lock ask for together, each thing once.
 * @throws PaksError USAGE for what is named twice, LOCKFILE_MISMATCH
 */
export function collectWishes(
  { root, workspace, lock }: Pick<OpenWorkspace, "root" | "workspace" | "lock">,
  { named, save }: InstallRequest,
): { readonly wishes: readonly Wish[]; readonly drop: readonly string[] } {
  const existing = listHeeded(listWishes(workspace, root), lock, save);
  const wanted = save ? named.map((wish) => keepRange(keepName(wish, workspace), existing)) : named;
  requireNamedOnce(wanted);
  if (save) requireEnabled(wanted, workspace);
  const identities = new Set(wanted.map(({ source }) => identityOf(source)));
  const others = existing.filter(({ source }) => !wanted.some((one) => isSameWish(one.source, source)));
  const texts = new Set(wanted.map(({ text }) => text));
  const drop = existing.filter((one) => !others.includes(one) && !texts.has(one.text)).map(({ text }) => text);
  const known = new Set([...identities, ...others.map(({ source }) => identityOf(source))]);
  // With names on the command line only they change: what the lock holds beside the file stays.
  const beside = named.length > 0 ? listLockedWishes(lock).filter(({ source }) => !known.has(identityOf(source))) : [];
  const locked = beside.filter(({ text }) => !isWrittenAnew(text, { lock, wishes: others }));
  return { wishes: [...wanted, ...others, ...locked], drop };
}

/** As a browser's address, which another source of the file may be by now. */
function isWrittenAnew(
  text: string,
  { lock: { paks }, wishes }: { readonly lock: Lock; readonly wishes: readonly Wish[] },
): boolean {
  const entries = Object.values(paks).filter(({ source }) => source === text);
  const open = wishes.filter((wish) => findLocked(paks, wish) === undefined);
  return open.some((wish) => entries.some((entry) => isHeir(wish, entry)));
}

/** Without `save` nothing is fetched only to learn what it depends on. */
const listHeeded = (wishes: readonly Wish[], { paks }: Lock, save: boolean): readonly Wish[] =>
  save ? wishes : wishes.filter((wish) => isRegistryWish(wish) || findLocked(paks, wish) !== undefined);

/** The folder that the workspace has for the pak, also while it is disabled, unless the command line names another. */
function keepName(wish: Wish, { aliases = {} }: Workspace): Wish {
  if (wish.as !== undefined) return wish;
  const identity = identityOf(wish.source);
  return { ...wish, as: Object.entries(aliases).find(([text]) => identityOf(parseSource(text)) === identity)?.[1] };
}

/** `acme/pdf` on the command line, `acme/pdf@^1` in the workspace: the newest of those. */
function keepRange(wish: Wish, existing: readonly Wish[]): Wish {
  if (wish.source.type !== "registry" || wish.source.selector !== undefined) return wish;
  const asked = existing.find(({ source }) => identityOf(source) === identityOf(wish.source));
  return asked ? { ...asked, isNamed: true, as: wish.as } : wish;
}

function requireNamedOnce(wishes: readonly Wish[]): void {
  for (const [index, { source, text }] of wishes.entries())
    if (wishes.slice(0, index).some((one) => isSameWish(one.source, source))) throw namedTwice(text);
}

/** Who enables a pak by naming it would change a list that he did not look at. */
function requireEnabled(wishes: readonly Wish[], { disabled }: Workspace): void {
  const [wish] = wishes.filter((one) => isDisabled(disabled, one));
  if (wish === undefined) return;
  throw new PaksError("USAGE", `${wish.text} is disabled in ${workspaceFileNames[0]}.`, {
    hint: 'Take it out of "disabled" there, then: paks install. To try it without that: --no-save.',
    details: { source: wish.text },
  });
}

const listLockedWishes = ({ paks }: Lock): Wish[] =>
  Object.values(paks).flatMap(({ source }) =>
    source === null ? [] : [{ text: source, source: parseLockedSource(source), isNamed: false, isSaved: true }],
  );

function parseLockedSource(text: string): Source {
  try {
    return parseSource(text);
  } catch (cause) {
    if (!isPaksError(cause)) throw cause;
    throw new PaksError("LOCKFILE_MISMATCH", `paks.lock names a source that cannot be read: ${cause.message}`, {
      cause,
    });
  }
}
