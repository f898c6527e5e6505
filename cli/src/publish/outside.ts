import {
  fetchRemoteRefs,
  readRemoteUrl,
  type RefFact,
  type Remote,
  requireIdentity,
  requirePushPermission,
  requireRemote,
  upstreamBranch,
} from "@paks/git/work-tree";
import type { Finding } from "@paks/schema";
import type { Context } from "../context.ts";
import { mapsAccounts } from "../registry-choice.ts";
import type { PublishOptions } from "./options.ts";
import { expectPaksError, settle, type Settled } from "./problems.ts";
import { retryHost } from "./retry-host.ts";
import { askWhoami } from "./registry-checks.ts";
import { formatRepositoryAddress } from "./repository-address.ts";
import { type Basics, checkOperations } from "./repository-facts.ts";
import type { RegistrySide } from "./which-registry.ts";

/** What has to be asked of others: each answer, or why there is none. */
export interface Outside extends RegistrySide {
  /** No registry was asked yet: which one it is depends on the pak. `registry` is then the one in use. */
  readonly isRegistryOpen: boolean;
  readonly operations: readonly Finding[];
  readonly identity: Settled<void>;
  readonly remote: Settled<Remote & { readonly branch: string }>;
  readonly address: Settled<string>;
  readonly refs: Settled<RefFact[]>;
  readonly permission: Settled<void>;
}

/**
 * Everything at once: two processes on the network (`ls-remote`, `push --dry-run`), and the registry; that only later
 * where the user has mapped accounts to registries.
 */
export async function askOutside(context: Context, facts: Basics, options: PublishOptions): Promise<Outside> {
  const { tree, config, status } = facts;
  const remote = chooseRemote(facts, options);
  const online = options.push ? remote.value : undefined;
  const pushable = online && status.commit !== undefined && status.branch !== undefined;
  const registry = context.registry();
  const isRegistryOpen = mapsAccounts(context.config);
  const askPermission = async (push: Parameters<typeof requirePushPermission>[1]) =>
    await retryHost(context, async () => await requirePushPermission(tree, push));
  const [operations, identity, address, refs, permission, whoami] = await Promise.all([
    checkOperations(facts.place),
    settle(requireIdentity(tree, config)),
    remote.value ? settle(readAddress(facts, remote.value)) : {},
    online ? settle(retryHost(context, async () => await fetchRemoteRefs(tree, online.name))) : {},
    pushable ? settle(askPermission({ remote: online.name, commit: status.commit, branch: online.branch })) : {},
    options.push && !options.skipRegistry && !isRegistryOpen ? askWhoami(registry) : { me: {}, health: {} },
  ]);
  return { operations, identity, remote, address, refs, permission, registry, isRegistryOpen, ...whoami };
}

function chooseRemote({ config, status }: Basics, options: PublishOptions): Outside["remote"] {
  try {
    const remote = requireRemote(config, status.branch, options.remote);
    const followed = status.branch === undefined ? "" : upstreamBranch(config, status.branch, remote.name);
    const branch = options.branch ?? followed;
    return { value: { ...remote, branch } };
  } catch (error) {
    return { error: expectPaksError(error) };
  }
}

const readAddress = async ({ tree, config, place }: Basics, remote: Remote): Promise<string> =>
  formatRepositoryAddress(await readRemoteUrl(tree, config, remote), place.root);
