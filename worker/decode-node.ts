import { parentPort } from 'node:worker_threads'
import { parquetDecoder } from '../src/format/parquet/decode.ts'
import { serveDecoder } from '../src/rpc/serve-decoder.ts'
import type { ServedEndpoint } from '../src/rpc/serve-engine.ts'

serveDecoder((module) => parquetDecoder(async () => module), parentPort as unknown as ServedEndpoint)
