import { expose } from 'comlink'
import type { Endpoint } from 'comlink'
import type { Engine } from '../engine/engine.ts'
import { EngineService } from './engine-service.ts'
import type { OpenEngine } from './engine-service.ts'
import { installErrorTransfer } from './error-transfer.ts'

/** What calls arrive at: a worker's own global scope, a parent port, or a message port. */
export type ServedEndpoint = Endpoint

/**
 * Offers an engine to the other side of `endpoint`. Listens at once, so that no call is lost while a thunk still loads what it needs; the thunk is run once, by the first caller.
 */
export function serveEngine(engine: Engine | OpenEngine, endpoint: ServedEndpoint): void {
  installErrorTransfer()
  const open = typeof engine === 'function' ? engine : async (): Promise<Engine> => engine
  expose(new EngineService(open, (message) => endpoint.postMessage(message)), endpoint)
}
