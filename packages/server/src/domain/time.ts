/** Whole seconds since the epoch, the unit of every instant in tokens and in the store. */
export type EpochSeconds = number
