import { canonicalName, type Finding, reservedName, versionKey } from "@paks/schema";
import { describeOther, releaseFrom } from "./require-binding.ts";
import type { Db } from "./tables.ts";

export interface PlannedRelease {
  readonly accountId: string;
  readonly name: string;
  readonly version: string;
  /** Asked about the binding only when both are given. */
  readonly repositoryKey?: string | undefined;
  readonly path?: string | undefined;
}

interface ExistingPak {
  readonly id: string;
  readonly name: string;
}

/** What `insertRelease` would refuse, before the tag exists: name, binding and version. */
export async function checkNewRelease(db: Db, plan: PlannedRelease): Promise<Finding[]> {
  const pak = await db
    .selectFrom("paks")
    .select(["id", "name"])
    .where("account_id", "=", plan.accountId)
    .where("canonical_name", "=", canonicalName(plan.name))
    .executeTakeFirst();
  const name = checkName(plan, pak);
  if (name.length > 0) return name;
  return [...(await checkBinding(db, plan, pak)), ...(pak ? await checkVersion(db, plan, pak) : [])];
}

function checkName(plan: PlannedRelease, pak: ExistingPak | undefined): Finding[] {
  if (pak && pak.name !== plan.name) {
    return [
      finding("NAME_TAKEN", `The name ${plan.name} is too close to ${pak.name}, which exists.`, "Choose another name."),
    ];
  }
  const reason = pak ? undefined : reservedName("pak", plan.name);
  if (reason === undefined) return [];
  return [finding("NAME_RESERVED", `The pak name ${plan.name} is reserved: ${reason}`, "Choose another name.")];
}

async function checkBinding(db: Db, plan: PlannedRelease, pak: ExistingPak | undefined): Promise<Finding[]> {
  if (plan.repositoryKey === undefined || plan.path === undefined) return [];
  const bindings = await db
    .selectFrom("bindings")
    .innerJoin("paks", "paks.id", "bindings.pak_id")
    .innerJoin("accounts", "accounts.id", "paks.account_id")
    .select(["pak_id", "repository_key", "repository_url", "path", "state", "account_id"])
    .select(["accounts.name as account", "paks.name as name"])
    .where("state", "<>", "released")
    .where((eb) =>
      eb.or([
        eb("pak_id", "=", pak?.id ?? null),
        eb.and([eb("repository_key", "=", plan.repositoryKey!), eb("path", "=", plan.path!)]),
      ]),
    )
    .execute();
  return bindings.flatMap((binding) => {
    const here = binding.repository_key === plan.repositoryKey && binding.path === plan.path;
    if (binding.pak_id !== pak?.id) {
      return [
        finding(
          "BINDING_CONFLICT",
          `${describeOther(binding, binding.account_id === plan.accountId)} is released from this folder of the repository.`,
          "Move yours into a folder of its own, or keep that name.",
        ),
      ];
    }
    if (!here) {
      const place = binding.path === "" ? binding.repository_url : `${binding.repository_url}, folder ${binding.path}`;
      return [finding("BINDING_CONFLICT", `${plan.name} is released from ${place}.`, releaseFrom(place))];
    }
    if (binding.state !== "frozen") return [];
    return [finding("REPOSITORY_IDENTITY_CHANGED", "Publishing is frozen until the owner confirms the repository.")];
  });
}

async function checkVersion(db: Db, plan: PlannedRelease, pak: ExistingPak): Promise<Finding[]> {
  const release = await db
    .selectFrom("releases")
    .select(["version", "tag"])
    .where("pak_id", "=", pak.id)
    .where("version_key", "=", versionKey(plan.version))
    .executeTakeFirst();
  if (!release) return [];
  const message = `Version ${release.version} was released from tag ${release.tag}.`;
  return [finding("VERSION_EXISTS", message, "Release the next version.")];
}

const finding = (code: string, message: string, hint?: string): Finding => ({ severity: "error", code, message, hint });
