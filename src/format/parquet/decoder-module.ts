import { exportStackPointer } from './stack-pointer.ts'

/**
 * The compiled decoder, made at the first call and shared by all threads that decode. Where `load` gives bytes, the decoder also
 * survives any number of damaged files (see `stack-pointer.ts`). A failed load is tried again by the next call.
 */
export function decoderModule(
  load: () => Promise<WebAssembly.Module | BufferSource>,
): () => Promise<WebAssembly.Module> {
  let loading: Promise<WebAssembly.Module> | undefined
  return () => {
    loading ??= compile(load).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
}

async function compile(load: () => Promise<WebAssembly.Module | BufferSource>): Promise<WebAssembly.Module> {
  const loaded = await load()
  return loaded instanceof WebAssembly.Module ? loaded : WebAssembly.compile(exportStackPointer(bytesOf(loaded)))
}

function bytesOf(source: BufferSource): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)
}
