import { LakefrontError } from '../../../../errors.ts'
import type { FunctionCode } from '../../../function-definition.ts'

/**
 * The value of `code`, in this thread. Source becomes a module of its own, so that it sees globals only and runs in strict mode; that
 * needs a policy of the worker's script that allows scripts from `data:` or `blob:`. A module's address needs no more than the page's own scripts do.
 */
export async function loadFunction(name: string, code: FunctionCode): Promise<unknown> {
  if ('module' in code) {
    const module = await importing(code.module).catch((cause: unknown) => {
      throw failed(name, `its module could not be loaded: ${wordsOf(cause)}`, cause)
    })
    if (Object.hasOwn(module, code.exported)) return module[code.exported]
    throw failed(name, `its module has no export "${code.exported}". Exports: ${Object.keys(module).join(', ')}.`)
  }
  const text = `export default (${code.source}\n)`
  const { default: value } = await importing(`data:text/javascript;charset=utf-8,${encodeURIComponent(text)}`).catch(
    (refused: unknown) => importingBlob(name, text, refused),
  )
  return value
}

async function importingBlob(name: string, text: string, refused: unknown): Promise<Record<string, unknown>> {
  if (refused instanceof SyntaxError) throw failed(name, `its source cannot be parsed: ${refused.message}`, refused)
  const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))
  try {
    return await importing(url)
  } catch (cause) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `The function "${name}" could not be made from its source. Where the Content-Security-Policy that the worker’s script is served with forbids scripts from data: and blob:, put it into a module of the page and register its address: registerFunction("${name}", { module: new URL("./functions.js", import.meta.url) }, …).`,
      { cause, details: { function: name } },
    )
  } finally {
    URL.revokeObjectURL(url)
  }
}

function importing(url: string): Promise<Record<string, unknown>> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ url) as Promise<Record<string, unknown>>
}

function failed(name: string, problem: string, cause?: unknown): LakefrontError {
  return new LakefrontError('INVALID_ARGUMENT', `The function "${name}" cannot be registered: ${problem}`, {
    details: { function: name },
    ...(cause === undefined ? {} : { cause }),
  })
}

function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/[?#][^\s'"]*/g, '')
}
