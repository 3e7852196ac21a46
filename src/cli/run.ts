import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { isLakefrontError, LakefrontError } from '../errors.ts'
import { parseCommand } from './command.ts'
import type { Command } from './command.ts'
import { help } from './help.ts'
import { openOutput } from './output.ts'

/**
 * Runs one command line and resolves to its exit code: 0, 1 for what is wrong with a query or a file, 2 for what is wrong
 * with the command line, 130 after Ctrl-C. A reader that goes away (`| head`) is no error.
 */
export async function run(args: readonly string[]): Promise<number> {
  let command: Command
  try {
    command = parseCommand(args)
  } catch (error) {
    complain(`${textOf(error)}\nlakefront --help lists what there is.`)
    return isLakefrontError(error, 'UNSUPPORTED') ? 1 : 2
  }
  const controller = new AbortController()
  const interrupted = new LakefrontError('ABORTED', 'Stopped.')
  process.once('SIGINT', () => {
    // Another Ctrl-C ends the process at once, as if there were no listener.
    controller.abort(interrupted)
  })
  try {
    await execute(command, controller)
    return 0
  } catch (error) {
    if (isBrokenPipe(error)) return 0
    complain(textOf(error))
    return error === interrupted ? 130 : 1
  }
}

async function execute(command: Command, controller: AbortController): Promise<void> {
  switch (command.kind) {
    case 'help':
      return print(help, controller)
    case 'version':
      return print(`lakefront ${await version()}\n`, controller)
    case 'sql':
      return (await import('./sql.ts')).runSql(command, controller)
    case 'write':
      return (await import('./write.ts')).runWrite(command, controller)
    case 'lake':
      return (await import('./lake.ts')).runLake(command, controller)
    case 'inspect':
      return print(await (await import('./inspect.ts')).inspect(command, controller.signal), controller)
    case 'typegen':
      return (await import('./typegen.ts')).typegen(command, controller)
    default:
      return command satisfies never
  }
}

async function print(text: string, controller: AbortController): Promise<void> {
  const output = await openOutput(undefined, controller)
  await output.write(text)
  await output.finish()
}

async function version(): Promise<string> {
  // Beside the folder of the built command.
  const manifest = await readFile(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

function isBrokenPipe(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'EPIPE'
}

function textOf(error: unknown): string {
  if (isLakefrontError(error)) return `${error.code}: ${error.message}`
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

function complain(text: string): void {
  process.stderr.write(`lakefront: ${text}\n`)
}
