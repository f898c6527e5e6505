/**
 * What secrets look like. Every pattern begins at a word's start with literal text and has bounded repeats, so a
 * search takes time in proportion to the text. Group 1 is the part that must be random to be a secret.
 */
export interface SecretRule {
  readonly id: string;
  /** As a message says it, with its article. */
  readonly name: string;
  /** One of these is in every match: most files are done after looking for them. */
  readonly needles: readonly string[];
  readonly pattern: RegExp;
  /** Bits per character below which the value is a placeholder. */
  readonly minEntropy?: number;
  /** The text around it says what it is: a header that is alike in all keys is no sign of a placeholder. */
  readonly certain?: boolean;
  /** Characters of the match that may be shown. */
  readonly shown?: number;
  /** True for a match that is no secret although its value looks random. */
  readonly isHarmless?: (match: RegExpExecArray) => boolean;
}

const start = "(?<![A-Za-z0-9_-])";
const end = "(?![A-Za-z0-9])";
const word = (source: string): RegExp => new RegExp(start + source + end, "g");

const tokenRules: readonly SecretRule[] = [
  {
    id: "aws-access-key",
    name: "an AWS access key",
    needles: ["AKIA", "ASIA"],
    pattern: word("(?:AKIA|ASIA)([A-Z2-7]{16})"),
    minEntropy: 2.5,
  },
  {
    id: "aws-secret-key",
    name: "an AWS secret key",
    needles: ["aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"],
    pattern:
      /(?:aws_secret_access_key|AWS_SECRET_ACCESS_KEY)["']?\s{0,8}[=:]\s{0,8}["']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])/g,
    shown: 0,
  },
  {
    id: "github-token",
    name: "a GitHub token",
    needles: ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
    pattern: word("gh[pousr]_([A-Za-z0-9]{36,251})"),
  },
  {
    id: "github-fine-grained-token",
    name: "a GitHub token",
    needles: ["github_pat_"],
    pattern: word("github_pat_([A-Za-z0-9]{22}_[A-Za-z0-9]{59})"),
    shown: 11,
  },
  { id: "gitlab-token", name: "a GitLab token", needles: ["glpat-"], pattern: word("glpat-([A-Za-z0-9_-]{20,300})") },
  { id: "npm-token", name: "an npm token", needles: ["npm_"], pattern: word("npm_([A-Za-z0-9]{36})") },
  { id: "pypi-token", name: "a PyPI token", needles: ["pypi-AgE"], pattern: word("pypi-AgE([A-Za-z0-9_-]{50,500})") },
  {
    id: "slack-token",
    name: "a Slack token",
    needles: ["xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-"],
    pattern: word("xox[abeoprs]-([A-Za-z0-9-]{20,250})"),
  },
  {
    id: "slack-webhook",
    name: "a Slack webhook address",
    needles: ["hooks.slack.com/services/"],
    pattern: /hooks\.slack\.com\/services\/T[A-Z0-9]{6,12}\/B[A-Z0-9]{6,12}\/([A-Za-z0-9]{20,32})/g,
    shown: 0,
  },
  {
    id: "stripe-key",
    name: "a Stripe live key",
    needles: ["sk_live_", "rk_live_"],
    pattern: word("[sr]k_live_([A-Za-z0-9]{16,250})"),
    shown: 8,
  },
  {
    id: "anthropic-key",
    name: "an Anthropic key",
    needles: ["sk-ant-"],
    pattern: word("sk-ant-([A-Za-z0-9_-]{32,250})"),
    shown: 7,
  },
  {
    id: "openai-key",
    name: "an OpenAI key",
    needles: ["sk-"],
    pattern: word("sk-(?:(?:proj|svcacct|admin)-([A-Za-z0-9_-]{40,250})|([A-Za-z0-9]{40,64}))"),
    minEntropy: 3.5,
    shown: 3,
  },
  { id: "google-api-key", name: "a Google API key", needles: ["AIza"], pattern: word("AIza([A-Za-z0-9_-]{35})") },
  {
    id: "google-oauth-token",
    name: "a Google access token",
    needles: ["ya29."],
    pattern: word("ya29\\.([A-Za-z0-9_-]{20,500})"),
  },
  { id: "twilio-key", name: "a Twilio key", needles: ["SK"], pattern: word("SK([0-9a-f]{32})"), shown: 2 },
  {
    id: "sendgrid-key",
    name: "a SendGrid key",
    needles: ["SG."],
    pattern: word("SG\\.([A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{16,64})"),
    shown: 3,
  },
  {
    id: "hugging-face-token",
    name: "a Hugging Face token",
    needles: ["hf_"],
    pattern: word("hf_([A-Za-z0-9]{30,60})"),
    shown: 3,
  },
  { id: "paks-token", name: "a paks token", needles: ["paks_"], pattern: word("paks_([0-9A-Za-z]{36})"), shown: 5 },
];

const settingRules: readonly SecretRule[] = [
  {
    id: "azure-storage-key",
    name: "an Azure storage key",
    needles: ["AccountKey="],
    pattern: /AccountKey=([A-Za-z0-9+/]{86}==)/g,
    shown: 0,
  },
  {
    id: "npmrc-auth",
    name: "a package registry login",
    needles: ["_authToken", "_auth", "_password"],
    pattern: /:_(?:authToken|auth|password)\s{0,4}=\s{0,4}["']?([A-Za-z0-9+/=_.-]{16,300})/g,
    shown: 0,
  },
  {
    id: "netrc-password",
    name: "a password for a machine",
    needles: ["machine"],
    pattern: /(?<!\w)machine\s{1,8}[^\s]{1,200}\s{1,8}login\s{1,8}[^\s]{1,200}\s{1,8}password\s{1,8}([^\s]{6,200})/g,
    minEntropy: 2,
    shown: 0,
    isHarmless: (match) => isWeakPassword(match[1]!),
  },
  {
    id: "url-password",
    name: "an address with a password",
    needles: ["://"],
    pattern:
      /(?<![A-Za-z])(?:postgres|postgresql|mysql|mariadb|mongodb|mongodb\+srv|rediss?|amqps?|mssql|sqlserver|ftps?|https?):\/\/[^\s:@/"'`<>]{0,100}:([^\s@/"'`<>]{6,200})@([A-Za-z0-9.-]{1,253})/g,
    minEntropy: 2,
    shown: 0,
    isHarmless: (match) => isWeakPassword(match[1]!) || isLocalHost(match[2]!),
  },
  {
    id: "private-key",
    name: "a private key",
    needles: ["PRIVATE KEY"],
    // Prose that only names the header line is not a key: the key's own text has to follow.
    pattern:
      /-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\[nr]|[\s"'+,>#*]){1,64}((?:Proc-Type|Version|Comment): |[A-Za-z0-9+/]{32,80})/g,
    certain: true,
    shown: 0,
  },
  {
    id: "jwt",
    name: "a signed web token",
    needles: ["eyJ"],
    pattern: word("(eyJ[A-Za-z0-9_-]{10,2000}\\.eyJ[A-Za-z0-9_-]{10,3000}\\.[A-Za-z0-9_-]{20,1000})"),
    shown: 3,
    isHarmless: (match) => isSampleJwt(match[1]!),
  },
];

export const secretRules: readonly SecretRule[] = [...tokenRules, ...settingRules];

const isLocalHost = (host: string): boolean =>
  /^(?:localhost|127\.|0\.0\.0\.0|host\.docker\.internal|host$|hostname$|db$|database$|postgres$|mysql$|mongo$|redis$|server$)|(?:^|\.)example(?:\.|$)|\.(?:local|test|invalid|localhost)$/i.test(
    host,
  );

/** Words that stand for a password in examples. */
const isWeakPassword = (password: string): boolean =>
  /^(?:p[a4]ss(?:w(?:or)?d)?|pwd|secret|admin|root|user(?:name)?|postgres|mysql|guest|test(?:ing)?|token|api_?key|changeit|hunter2|s3cr3t|letmein|qwerty)[\d!]{0,4}$/i.test(
    password,
  ) || /^[A-Z][A-Z0-9_]*$|^[:%$]|^\[|^\(/.test(password);

/** The token of the JWT documentation, unsigned ones, and ones that say they are examples. */
function isSampleJwt(token: string): boolean {
  const [header = "", payload = ""] = token
    .split(".", 2)
    .map((part) => Buffer.from(part, "base64url").toString("utf8"));
  if (!/"alg"\s{0,4}:/.test(header) || /"alg"\s{0,4}:\s{0,4}"none"/i.test(header)) return true;
  return /1234567890|john doe|jane doe|example|"test|test"|test-/i.test(payload);
}

const placeholderWords =
  /x{3}|\.{3}|…|\*{3}|<|>|\$\{|\{\{|your|example|placeholder|change.?me|dummy|sample|redacted|fake|insert|replace|todo|foobar|deadbeef|my[-_]?(?:token|secret|key|pass)|not[-_]?(?:a|real)/i;

/** Whether a person wrote this to stand for a secret. */
export const isPlaceholder = (value: string, minEntropy = 3): boolean =>
  placeholderWords.test(value) || /(.)\1{5}/.test(value) || hasSequence(value, 6) || entropy(value) < minEntropy;

/** `123456`, `abcdef`: characters that follow each other. */
function hasSequence(text: string, length: number): boolean {
  let run = 1;
  for (let index = 1; index < text.length; index += 1) {
    run = text.charCodeAt(index) === text.charCodeAt(index - 1) + 1 ? run + 1 : 1;
    if (run >= length) return true;
  }
  return false;
}

/** Shannon entropy in bits per character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
