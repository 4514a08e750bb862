import { Buffer } from 'node:buffer'

/**
 * The methods behind `buffer.write(text, 0, encoding)` and `buffer.toString(encoding, 0, end)`. Node has had them on the
 * prototype since its beginnings without documenting them; calling them directly saves the look-up of the encoding's name,
 * which is as long as the work itself for a token. Where one is missing, the documented call takes its place.
 */
interface DirectMethods {
  utf8Write?(text: string, offset: number): number
  latin1Write?(text: string, offset: number): number
  base64urlWrite?(text: string, offset: number): number
  base64urlSlice?(start: number, end: number): string
  utf8Slice?(start: number, end: number): string
}

const direct = Buffer.prototype as unknown as DirectMethods

/** Writes one byte per UTF-16 code unit and returns their number. `target` must have room for all of them. */
export const writeLatin1At: (target: Buffer, text: string, offset: number) => number =
  direct.latin1Write === undefined
    ? (target, text, offset) => target.write(text, offset, 'latin1')
    : (target, text, offset) => (target as unknown as Required<DirectMethods>).latin1Write(text, offset)

/** Writes UTF-8 and returns the number of bytes. `target` must have room for three bytes per code unit. */
export const writeUtf8: (target: Buffer, text: string) => number =
  direct.utf8Write === undefined
    ? (target, text) => target.write(text, 0, 'utf8')
    : (target, text) => (target as unknown as Required<DirectMethods>).utf8Write(text, 0)

/** Decodes leniently and returns the number of bytes; see {@link sliceBase64url} for the check. */
export const writeBase64url: (target: Buffer, text: string) => number =
  direct.base64urlWrite === undefined
    ? (target, text) => target.write(text, 0, 'base64url')
    : (target, text) => (target as unknown as Required<DirectMethods>).base64urlWrite(text, 0)

/** The first `length` bytes in canonical base64url. */
export const sliceBase64url: (source: Buffer, length: number) => string =
  direct.base64urlSlice === undefined
    ? (source, length) => source.toString('base64url', 0, length)
    : (source, length) => (source as unknown as Required<DirectMethods>).base64urlSlice(0, length)

/** The first `length` bytes as text, U+FFFD in place of whatever is not UTF-8. */
export const sliceUtf8: (source: Buffer, length: number) => string =
  direct.utf8Slice === undefined
    ? (source, length) => source.toString('utf8', 0, length)
    : (source, length) => (source as unknown as Required<DirectMethods>).utf8Slice(0, length)
