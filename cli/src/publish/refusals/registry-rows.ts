import type { StubAnswer, StubRequest } from "../../testing/index.ts";
import type { Lab } from "../testing/lab.ts";
import type { Refusal, Target } from "./refusal.ts";

/** Also asked before this row's own: what is set for one pak must not undo that for another. */
function answerBefore(lab: Lab, answer: (request: StubRequest) => StubAnswer | undefined): void {
  const { override } = lab.registry;
  lab.registry.override = (request) => answer(request) ?? override(request);
}

/** The registry's own verdict on this pak before there is a tag. */
const verdict =
  (code: string) =>
  async (lab: Lab, { path }: Target): Promise<void> => {
    const finding = { severity: "error", code, message: "The registry knows better.", hint: "Choose another." };
    const { judge } = lab.registry;
    lab.registry.judge = (asked) => (asked === path ? [finding] : judge(asked));
  };

/** Whoever asks is told this. */
const answerAll = (status: number, code: string) => async (lab: Lab) =>
  answerBefore(lab, () => ({
    status,
    headers: { "retry-after": "0" },
    body: { error: { code, message: "No.", hint: "Another time." } },
  }));

export const loginRows: readonly Refusal[] = [
  {
    what: "no login",
    ...{ code: "AUTH_REQUIRED", exit: 4, tells: "paks login", ofAll: true },
    arrange: async () => ({ environment: { PAKS_TOKEN: "" } }),
  },
  {
    what: "a token that is not known",
    ...{ code: "INVALID_TOKEN", exit: 4, tells: "token", ofAll: true },
    arrange: async () => ({ environment: { PAKS_TOKEN: "paks_other" } }),
  },
  {
    what: "a token that cannot be one",
    ...{ code: "INVALID_TOKEN", exit: 4, tells: "characters", ofAll: true },
    arrange: async () => ({ environment: { PAKS_TOKEN: "paks_\u00e4" } }),
  },
  {
    what: "a token that has expired",
    ...{ code: "TOKEN_EXPIRED", exit: 4, tells: "PAKS_TOKEN holds a token", ofAll: true },
    arrange: answerAll(401, "TOKEN_EXPIRED"),
  },
  {
    what: "a token that may only read",
    ...{ code: "FORBIDDEN", exit: 4, tells: "scope publish", ofAll: true },
    arrange: async (lab) => void (lab.registry.me = { account: "acme", scopes: ["review"] }),
  },
  {
    what: "an account that is somebody else's",
    ...{ code: "NAMESPACE_FORBIDDEN", exit: 4, tells: "log in as globex", ofAll: true },
    args: ["--bump", "patch", "--account", "globex"],
  },
  {
    what: "a token of the registry itself, which publishes for nobody",
    ...{ code: "NAMESPACE_FORBIDDEN", exit: 4, tells: "Log in with a token of acme", ofAll: true },
    args: ["--bump", "patch", "--account", "acme"],
    arrange: async (lab) => void (lab.registry.me = { account: null, scopes: ["admin"] }),
  },
  {
    what: "an account that is no name",
    ...{ code: "INVALID_NAME", exit: 5, tells: "account", ofAll: true },
    args: ["--bump", "patch", "--account", "Acme Inc"],
  },
];

export const registryRows: readonly Refusal[] = [
  {
    what: "an unreachable registry",
    ...{ code: "REGISTRY_UNAVAILABLE", exit: 8, tells: "paks doctor", ofAll: true },
    arrange: async () => ({ environment: { PAKS_REGISTRY: "http://127.0.0.1:9" } }),
  },
  {
    what: "a registry that fails",
    ...{ code: "REGISTRY_UNAVAILABLE", exit: 8, tells: "Another time", ofAll: true },
    arrange: answerAll(503, "REGISTRY_UNAVAILABLE"),
  },
  {
    what: "a registry that asks to slow down",
    ...{ code: "RATE_LIMITED", exit: 8, tells: "Another time", ofAll: true },
    arrange: answerAll(429, "RATE_LIMITED"),
  },
  {
    what: "no network wanted",
    ...{ code: "OFFLINE", exit: 8, tells: "offline", ofAll: true },
    args: ["--bump", "patch", "--offline"],
  },
  ...["NAME_TAKEN", "NAME_RESERVED", "BINDING_CONFLICT", "HOST_NOT_ALLOWED"].map((code): Refusal => ({
    what: `a registry that answers ${code}`,
    ...{ code, exit: code === "NAME_RESERVED" || code === "HOST_NOT_ALLOWED" ? 5 : 6, tells: "Choose another" },
    arrange: verdict(code),
  })),
  {
    what: "a version that the registry has with other content",
    ...{ code: "VERSION_EXISTS", exit: 6, tells: "other content.*--bump patch" },
    arrange: async (lab, target) => {
      const find = () =>
        lab.registry.releases.find(({ name, version }) => name === target.name && version === target.next);
      if (!find()) await lab.paks(["publish", ...(target.path === "" ? [] : ["--all"]), "--bump", "patch"]);
      find()!.digest = `h1:${"A".repeat(43)}=`;
    },
  },
];

/** What was asked for cannot be meant. */
export const wishRows: readonly Refusal[] = [
  {
    what: "two ways to choose the version",
    ...{ code: "USAGE", exit: 2, tells: "each choose the version", ofAll: true },
    args: ["--bump", "patch", "--version", "1.0.0"],
  },
  {
    what: "a name for no pre-release",
    ...{ code: "USAGE", exit: 2, tells: "--bump prerelease", ofAll: true },
    args: ["--bump", "patch", "--preid", "beta"],
  },
  {
    what: "a version that is none",
    ...{ code: "INVALID_PARAMETER", exit: 5, tells: "three numbers", ofAll: true },
    args: ["--version", "1.0"],
  },
  {
    what: "a branch that is none",
    ...{ code: "INVALID_PARAMETER", exit: 5, tells: "--branch main", ofAll: true },
    args: ["--bump", "patch", "--branch", "a..b"],
  },
  {
    what: "another version than the manifest may have",
    ...{ code: "INVALID_PARAMETER", exit: 5, tells: "--no-commit", ofAll: true },
    args: ["--version", "3.0.0", "--no-commit"],
  },
  {
    what: "no account that could be known",
    ...{ code: "INVALID_PARAMETER", exit: 5, tells: "--account", ofAll: true, only: "unreleased" },
    arrange: async (lab) => void (lab.registry.me = { account: null, scopes: ["publish"] }),
  },
  {
    what: "a tag prefix that git would refuse",
    ...{ code: "INVALID_TAG", exit: 5, tells: "tag", ofAll: true },
    args: ["--bump", "patch", "--tag-prefix", "a..b"],
  },
];
