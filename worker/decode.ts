import { decodeSplit } from '../src/format/avro/decode-split.ts'
import { parquetDecoder } from '../src/format/parquet/decode.ts'
import { streamEncoder } from '../src/format/parquet/encode.ts'
import { serveDecoder } from '../src/rpc/serve-decoder.ts'
import type { ServedEndpoint } from '../src/rpc/serve-engine.ts'

const open = (module: WebAssembly.Module) => {
  const load = async () => module
  return { decoder: parquetDecoder(load), encoder: streamEncoder(load), decodeSplit }
}

serveDecoder(open, globalThis as unknown as ServedEndpoint)
