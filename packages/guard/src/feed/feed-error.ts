/** Why the feed could not be followed, for the operator: it becomes `lastError`. Holds nothing of an answer or a credential. */
export class FeedError extends Error {
  override readonly name = 'FeedError'
  /** Seconds the server asked to be left alone for. */
  readonly retryAfterSeconds: number | undefined

  constructor(message: string, about: { readonly cause?: unknown; readonly retryAfterSeconds?: number } = {}) {
    super(message, 'cause' in about ? { cause: about.cause } : undefined)
    this.retryAfterSeconds = about.retryAfterSeconds
  }
}
