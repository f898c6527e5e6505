import { prepareChanges, type TagForm } from "@paks/git/work-tree";
import { bumps, PaksError } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { publishSeveral } from "../publish/batch/index.ts";
import { findPakFolder } from "../publish/find-pak-folder.ts";
import type { PublishOptions } from "../publish/options.ts";
import { startRelease } from "../publish/start.ts";

export const publish = defineCommand({
  command: "publish [pak..]",
  describe: "Check, version, tag and push a release, and wait until the registry shows it",
  examples: [
    ["paks publish", "at a terminal: choose the version, see the plan, say yes"],
    ["paks publish --bump patch", "0.1.0 → 0.1.1: one commit, one tag, one push"],
    ["paks publish skills/pdf --bump minor", "one pak of a repository with several"],
    ["paks publish --changed --bump patch", "every changed pak of a repository: one commit, a tag each"],
    ["paks publish --bump patch --dry-run", "every check, then the git commands instead of doing them"],
    ["paks publish --bump prerelease --preid beta", "1.2.0 → 1.2.1-beta.0"],
  ],
  builder: (yargs) =>
    yargs
      .positional("pak", {
        type: "string",
        array: true,
        default: [],
        describe: "Folder or name; several of one repository are released together (default: this folder)",
      })
      .option("changed", {
        type: "boolean",
        default: false,
        describe: "All paks of the repository that are not what their last release was",
      })
      .option("all", { type: "boolean", default: false, describe: "All paks of the repository" })
      .option("bump", { choices: bumps, describe: "The next version of this kind" })
      .option("preid", { type: "string", describe: "Name of the pre-release, e.g. beta" })
      .option("version", { type: "string", describe: "Exactly this version" })
      .option("dry-run", { type: "boolean", default: false, describe: "Check everything and print the commands" })
      .option("no-push", { type: "boolean", default: false, describe: "Commit and tag on this machine only" })
      .option("skip-registry", { type: "boolean", default: false, describe: "Push without telling the registry" })
      .option("no-wait", { type: "boolean", default: false, describe: "Do not wait until it is indexed" })
      .option("message", { type: "string", alias: "m", describe: "What is new; becomes part of the tag" })
      .option("tag-prefix", {
        type: "string",
        describe: 'What stands before the version in the tag, e.g. release- or ""',
      })
      .option("account", { type: "string", describe: "Publish under this account" })
      .option("remote", { type: "string", describe: "Push to this remote" })
      .option("branch", { type: "string", describe: "Push to this branch over there" })
      .option("no-commit", {
        type: "boolean",
        default: false,
        describe: "Leave the manifest as it is; only tag and push",
      })
      .option("sign", { type: "boolean", default: false, describe: "Sign the tag with git's own ssh or gpg setup" })
      .option("lightweight", { type: "boolean", default: false, describe: "A plain tag that says nothing" })
      .option("force", {
        type: "boolean",
        default: false,
        describe: "Overwrite a tag of this name that no release was made of; asks first",
      })
      .option("allow-secret", {
        type: "string",
        array: true,
        nargs: 1,
        default: [],
        describe: "Fingerprint of a finding that is no secret; may be repeated",
      })
      .option("yes", { type: "boolean", alias: "y", default: false, describe: "Do not ask" }),
  run: async (args, context) => {
    const options: PublishOptions = {
      dir: ".",
      bump: args.bump,
      preid: args.preid,
      version: args.version,
      message: args.message,
      tagPrefix: args.tagPrefix,
      account: args.account,
      remote: args.remote,
      branch: args.branch,
      tagForm: tagFormOf(args),
      force: args.force,
      commit: !args.noCommit,
      allowedSecrets: args.allowSecret,
      skipRegistry: args.skipRegistry,
      push: !args.noPush,
      wait: !args.noWait,
    };
    const mode = { dryRun: args.dryRun, yes: args.yes };
    const selection = selectionOf(args);
    if (selection) {
      if (args.force) {
        throw new PaksError("USAGE", "--force overwrites the tag of one pak.", { hint: "Name that pak alone." });
      }
      return await publishSeveral(context, { options, selection }, mode);
    }
    const started = await startRelease(context, { ...options, dir: await findPakFolder(context, args.pak[0]) });
    // Only now, and not above: git and the remote answer while it is being loaded.
    const [{ publishPak }, { dataOf, textOf }] = await Promise.all([
      import("../publish/publish.ts"),
      import("../publish/result.ts"),
      args.dryRun ? undefined : prepareChanges(),
    ]);
    const done = await publishPak(context, started, mode);
    return {
      data: dataOf(done),
      text: textOf(done, { policy: context.config.git.policy, terminal: context.io.stdoutIsTty }),
    };
  },
});

function tagFormOf({ sign, lightweight }: { sign: boolean; lightweight: boolean }): TagForm {
  if (sign && lightweight) {
    throw new PaksError("USAGE", "A lightweight tag cannot be signed.", { hint: "Leave out --sign or --lightweight." });
  }
  return sign ? "signed" : lightweight ? "lightweight" : "annotated";
}

/** Several paks, or `undefined` for the one that is meant without saying so. */
function selectionOf({ pak, all, changed }: { pak: readonly string[]; all: boolean; changed: boolean }) {
  if ((all && changed) || ((all || changed) && pak.length > 0)) {
    throw new PaksError("USAGE", "--all, --changed and named paks exclude each other.", { hint: "Give one of them." });
  }
  if (all) return { type: "all" } as const;
  if (changed) return { type: "changed" } as const;
  return pak.length > 1 ? ({ type: "named", paks: pak } as const) : undefined;
}
