/** Decompresses one zstd frame of `size` bytes; undefined when it is damaged. */
export type DecompressZstd = (bytes: Uint8Array, size: number) => Uint8Array | undefined

/** A decompressor that is two to three times as fast as the one inside parquet-wasm; undefined where none can be started. */
export async function loadZstd(): Promise<DecompressZstd | undefined> {
  try {
    const { ZSTDDecoder } = await import('zstddec')
    const decoder = new ZSTDDecoder()
    await decoder.init()
    return (bytes, size) => {
      if (size === 0) return new Uint8Array()
      const decompressed = decoder.decode(bytes, size)
      return decompressed.length === size ? decompressed : undefined
    }
  } catch {
    return undefined
  }
}
