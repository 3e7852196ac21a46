import type { Engine, EngineOptions } from '../engine/engine.ts'
import { LakefrontError } from '../errors.ts'
import { nodeScript } from '../rpc/spawn.ts'
import type { StorageCalls } from '../storage/open-storage.ts'

/** What the script of the engine's thread exports. */
interface EngineScript {
  openInThread(options: EngineOptions, calls: StorageCalls): Promise<Engine>
}

/** Opens an engine in this thread, from the same script that threads run. */
export async function engineInThread(
  workerUrl: string | URL | undefined,
  options: EngineOptions,
  calls: StorageCalls = {},
): Promise<Engine> {
  if (typeof globalThis.process?.getBuiltinModule !== 'function') {
    throw new LakefrontError(
      'UNSUPPORTED',
      'Without a worker the engine runs where there are the modules of Node only; in a page it would freeze the page. Leave out worker: false.',
    )
  }
  const { href } = nodeScript(workerUrl)
  const script = (await import(/* webpackIgnore: true */ /* @vite-ignore */ href).catch((cause: unknown) => {
    throw new LakefrontError(
      'NOT_FOUND',
      `The engine's script ${href.replace(/[?#].*$/, '')} could not be loaded. Install the package again, or give its address: connect({ workerUrl }).`,
      { cause },
    )
  })) as EngineScript
  return script.openInThread(options, calls)
}
