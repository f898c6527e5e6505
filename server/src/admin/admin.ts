import type { AccountDto, CreatedTokenDto, CreateTokenRequest, WebhookSecretDto } from "@paks/schema";

/** What an operator can do to a registry, on its database or through its API. Requests are checked by who carries them out. */
export interface Admin {
  readonly createAccount: (request: { name: string }) => Promise<AccountDto>;
  readonly createToken: (request: CreateTokenRequest) => Promise<CreatedTokenDto>;
  readonly createWebhookSecret: (request: { account: string; repository: string }) => Promise<WebhookSecretDto>;
  readonly close: () => Promise<void>;
}
