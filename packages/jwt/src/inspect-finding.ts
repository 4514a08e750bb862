export type InspectedPart = 'token' | 'header' | 'claims' | 'signature'

/** Something that a verifier would refuse, or that a person debugging a token would want to know. */
export interface Finding {
  /** Stable name; see the messages for what each means. Codes are added, never renamed. */
  readonly code: string
  readonly where: InspectedPart
  readonly message: string
}

export type Note = (where: InspectedPart, code: string, message: string) => void

/** A JSON object from somewhere else; nothing about its members is known. */
export interface JsonRecord {
  readonly [name: string]: unknown
}
