import { type MeDto, withHint } from "@paks/schema";
import { canonicalAccount } from "../config-settings.ts";
import type { Context } from "../context.ts";
import { isMapped } from "../registry-choice.ts";
import type { Registry } from "../registry.ts";
import { findEarlierAccounts } from "./account.ts";
import { findPrepared, type ManifestFacts } from "./draft.ts";
import type { PublishOptions } from "./options.ts";
import type { Outside } from "./outside.ts";
import type { PakContent } from "./pak-content.ts";
import type { Settled } from "./problems.ts";
import { askWhoami } from "./registry-checks.ts";
import type { RepositoryFacts } from "./repository-facts.ts";

/** The registry that a release is told to, and what it says of us. */
export interface RegistrySide {
  readonly registry: Registry;
  /** The pak's account, where the user's configuration maps it to this registry. */
  readonly mapped?: string | undefined;
  readonly me: Settled<MeDto>;
  readonly health: Settled<unknown>;
}

type Configured = Pick<Context, "config">;

/** The registries of one run: each is asked once who we are, and none before a pak is known to be its. */
export interface Sides {
  /** @param owner the account that a pak is known to be of before any registry is asked */
  of(owner: string | undefined): Promise<RegistrySide>;
}

/**
 * As `install` has it: a name of a mapped account is known to that registry and to no other. Only where nothing here
 * says whose the pak is, the registry in use is asked whose token that is; if that account is mapped, what follows goes
 * to its registry.
 */
export function openSides(context: Context, options: Pick<PublishOptions, "push" | "skipRegistry">): Sides {
  const known = new Map<string, Promise<RegistrySide>>();
  const once = async (key: string, open: () => Promise<RegistrySide>): Promise<RegistrySide> => {
    const side = known.get(key) ?? open();
    known.set(key, side);
    return await side;
  };
  const ask = async (registry: Registry): Promise<Pick<RegistrySide, "me" | "health">> =>
    options.push && !options.skipRegistry ? await askWhoami(registry) : { me: {}, health: {} };
  const mapped = async (account: string): Promise<RegistrySide> =>
    await once(`account ${canonicalAccount(account)}`, async () => {
      const registry = context.registryFor(account);
      const whoami = await once(`registry ${registry.url}`, async () => ({ registry, ...(await ask(registry)) }));
      // `co-rp` and `corp` are one account: it is called as its own token says.
      const own = whoami.me.value?.account ?? account;
      const isOwn = canonicalAccount(own) === canonicalAccount(account);
      return { ...whoami, me: namingRegistry(context, whoami), mapped: isOwn ? own : account };
    });
  const used = async (): Promise<RegistrySide> =>
    await once("used", async () => {
      const registry = context.registry();
      const whoami = await once(`registry ${registry.url}`, async () => ({ registry, ...(await ask(registry)) }));
      return { ...whoami, me: namingAccount(context, whoami) };
    });
  const of = async (owner: string | undefined): Promise<RegistrySide> => {
    if (owner !== undefined && isMapped(context.config, owner)) return await mapped(owner);
    const side = await used();
    const account = side.me.value?.account;
    return owner === undefined && account && isMapped(context.config, account) ? await mapped(account) : side;
  };
  return { of };
}

/** `paks login` alone would log in to another registry. */
function namingRegistry({ config }: Configured, { registry, me }: RegistrySide): Settled<MeDto> {
  const { error } = me;
  if (registry.url === config.registry.url) return me;
  if (error?.code !== "AUTH_REQUIRED" && error?.code !== "INVALID_TOKEN") return me;
  const hint = `Log in there: paks login --registry ${registry.url}`;
  return { error: withHint(error, hint) };
}

/** Who is logged in only where an account is mapped to may have meant that account. */
function namingAccount({ config }: Configured, { me }: RegistrySide): Settled<MeDto> {
  const { error } = me;
  const accounts = Object.values(config.registryAccounts).flat();
  if (error?.code !== "AUTH_REQUIRED" || accounts.length === 0) return me;
  const hint = `${error.hint ?? ""} Is the pak of ${accounts.slice(0, 3).join(" or ")}? Then say so with --account.`;
  return { error: withHint(error, hint.trim()) };
}

/** A pak, as it is here. */
export interface PakHere {
  readonly facts: RepositoryFacts;
  readonly content: PakContent | undefined;
  readonly manifest: ManifestFacts | undefined;
}

interface Answers extends Sides {
  readonly outside: Outside;
  readonly options: PublishOptions;
}

/** The answers, with those of the registry that the pak belongs to. */
export async function findOutsideOf(context: Configured, pak: PakHere, answers: Answers): Promise<Outside> {
  const { outside } = answers;
  if (!outside.isRegistryOpen) return outside;
  const [owner] = await findOwners(context, [pak], answers);
  return { ...outside, ...(await answers.of(owner)), isRegistryOpen: false };
}

/**
 * The account of each pak as far as it is known here: `--account`, the version commit of a run before, the tags of
 * earlier releases, and the owner that the remote's address names when that account is mapped. One process for all.
 */
export async function findOwners(
  context: Configured,
  paks: readonly PakHere[],
  { outside, options }: Pick<Answers, "outside" | "options">,
): Promise<readonly (string | undefined)[]> {
  if (options.account !== undefined) return paks.map(() => options.account);
  const named = paks.map(({ facts, content, manifest }) => {
    const name = manifest?.committed?.name;
    return {
      prepared: content && findPrepared(content, name)?.account,
      pak:
        name === undefined ? undefined : { name, path: facts.place.path, prefix: options.tagPrefix, refs: facts.refs },
    };
  });
  const [first] = paks;
  const unprepared = named.map(({ prepared, pak }) => (prepared === undefined ? pak : undefined));
  const earlier = first ? await findEarlierAccounts(first.facts.tree, unprepared) : [];
  const owner = ownerOfAddress(context, outside.address.value);
  return named.map(({ prepared }, at) => prepared ?? earlier[at] ?? owner);
}

/** The mapped account that an address names. Whoever names a registry for this run does not mean the address. */
export function ownerOfAddress({ config }: Configured, address: string | undefined): string | undefined {
  if (address === undefined || config.registry.from === "flag" || !/^(?:https?|ssh):/i.test(address)) return undefined;
  const folders = new URL(address).pathname
    .split("/")
    .filter((part) => part !== "")
    .slice(0, -1);
  const accounts = folders.filter((folder) => isMapped(config, folder));
  return new Set(accounts.map(canonicalAccount)).size === 1 ? accounts[0]!.toLowerCase() : undefined;
}
