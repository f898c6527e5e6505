import type { Argv } from "yargs";

/** Which state of a source, and which of its paks. */
export const sourceOptions = <A>(yargs: Argv<A>) =>
  yargs
    .option("version", {
      type: "string",
      describe: "Version or range, as behind the @; of a git repository: among its tags",
    })
    .option("tag", { type: "string", describe: "Tag of a git repository" })
    .option("branch", { type: "string", describe: "Branch of a git repository; the commit is locked" })
    .option("commit", { type: "string", describe: "Commit of a git repository, all 40 digits" })
    .option("path", {
      type: "string",
      array: true,
      nargs: 1,
      describe: "Folder of the pak inside its repository or package; may be given several times",
    })
    .option("from", {
      choices: ["archive", "git"] as const,
      describe: "Where the bytes of a registry's release come from; their digest is the same",
    });
