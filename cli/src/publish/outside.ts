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
import type { Finding, MeDto } from "@paks/schema";
import type { Context } from "../context.ts";
import type { PublishOptions } from "./options.ts";
import { expectPaksError, settle, type Settled } from "./problems.ts";
import { retryHost } from "./retry-host.ts";
import { askWhoami } from "./registry-checks.ts";
import { formatRepositoryAddress } from "./repository-address.ts";
import { type Basics, checkOperations } from "./repository-facts.ts";

/** What has to be asked of others: each answer, or why there is none. */
export interface Outside {
  readonly operations: readonly Finding[];
  readonly identity: Settled<void>;
  readonly remote: Settled<Remote & { readonly branch: string }>;
  readonly address: Settled<string>;
  readonly refs: Settled<RefFact[]>;
  readonly permission: Settled<void>;
  readonly me: Settled<MeDto>;
  readonly health: Settled<unknown>;
}

/** Everything at once: two processes on the network (`ls-remote`, `push --dry-run`), and the registry. */
export async function askOutside(context: Context, facts: Basics, options: PublishOptions): Promise<Outside> {
  const { tree, config, status } = facts;
  const remote = chooseRemote(facts, options);
  const online = options.push ? remote.value : undefined;
  const pushable = online && status.commit !== undefined && status.branch !== undefined;
  const askPermission = async (push: Parameters<typeof requirePushPermission>[1]) =>
    await retryHost(context, async () => await requirePushPermission(tree, push));
  const [operations, identity, address, refs, permission, whoami] = await Promise.all([
    checkOperations(facts.place),
    settle(requireIdentity(tree, config)),
    remote.value ? settle(readAddress(facts, remote.value)) : {},
    online ? settle(retryHost(context, async () => await fetchRemoteRefs(tree, online.name))) : {},
    pushable ? settle(askPermission({ remote: online.name, commit: status.commit, branch: online.branch })) : {},
    options.push && !options.skipRegistry ? askWhoami(context.registry()) : { me: {}, health: {} },
  ]);
  return { operations, identity, remote, address, refs, permission, ...whoami };
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
