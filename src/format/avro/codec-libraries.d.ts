declare module 'snappyjs' {
  export function compress(bytes: Uint8Array): Uint8Array
  /** Fails when the bytes are damaged, or are more than `limit` when decompressed. */
  export function uncompress(bytes: Uint8Array, limit: number): Uint8Array
}

declare module 'xz-decompress' {
  export class XzReadableStream extends ReadableStream<Uint8Array> {
    constructor(stored: ReadableStream<Uint8Array>)
  }
  const library: { readonly XzReadableStream: typeof XzReadableStream } | undefined
  export default library
}
