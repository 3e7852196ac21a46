import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const compiler = join(root, 'node_modules/typescript/lib/tsc.js')
const path = join(root, 'src/frame/long-chain.test-d.ts')

let folder: string
let chain: string
beforeAll(async () => {
  folder = await mkdtemp(join(root, 'node_modules/.long-chain-'))
  chain = (await readFile(path, 'utf8'))
    .replaceAll("'../", `'${join(root, 'src')}/`)
    .replaceAll("'./", `'${join(root, 'src/frame')}/`)
})
afterAll(() => rm(folder, { recursive: true }))

async function instantiations(name: string, code: string): Promise<number> {
  await writeFile(join(folder, `${name}.ts`), code)
  // What DataFrames write with, libraries without types of their own among it.
  const files = [`./${name}.ts`, join(root, 'src/format/avro/codec-libraries.d.ts')]
  const project = { extends: join(root, 'tsconfig.json'), include: [], files }
  await writeFile(join(folder, `${name}.json`), JSON.stringify(project))
  const { stdout } = await run(process.execPath, [
    compiler,
    '-p',
    join(folder, `${name}.json`),
    '--extendedDiagnostics',
  ])
  return Number(/Instantiations:\s*(\d+)/.exec(stdout)![1])
}

describe('a chain of thirty steps', () => {
  test('costs the compiler little', async () => {
    const start = chain.indexOf('  return wide')
    const none = `${chain.slice(0, chain.indexOf('export function'))}export function noSteps(): DataFrame<Wide> {\n  void [col, F]\n  return wide\n}\n`
    expect(start).toBeGreaterThan(0)
    const cost = (await instantiations('chain', chain)) - (await instantiations('none', none))
    expect(cost).toBeGreaterThan(1000)
    expect(cost).toBeLessThan(75_000)
  })

  test('is completed at once, with the columns that are left', async () => {
    const editor = new Editor()
    try {
      await editor.ask('initialize', { processId: process.pid, rootUri: pathToFileURL(root).href, capabilities: {} })
      editor.tell('initialized', {})
      const uri = pathToFileURL(path).href
      const whole = await readFile(path, 'utf8')
      const edits = {
        begun: { text: whole.replace('return wide\n', "return wide.select('')\n"), columns: 21 },
        ended: { text: whole.replace(".as('total'))", ".as('total')).select('')"), columns: 3 },
      }
      editor.tell('textDocument/didOpen', {
        textDocument: { uri, languageId: 'typescript', version: 1, text: whole },
      })
      const times = { begun: Infinity, ended: Infinity }
      for (let version = 2; version < 14; version++) {
        const kind = version % 2 === 0 ? 'begun' : 'ended'
        const text = `${'\n'.repeat(version)}${edits[kind].text}`
        editor.tell('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [{ text }] })
        const lines = text.slice(0, text.indexOf(".select('')") + 9).split('\n')
        const position = { line: lines.length - 1, character: lines.at(-1)!.length }
        const asked = performance.now()
        const { items } = await editor.ask('textDocument/completion', { textDocument: { uri }, position })
        times[kind] = Math.min(times[kind], performance.now() - asked)
        expect(items.length).toBe(edits[kind].columns)
        if (kind === 'ended') expect(items.map(({ label }) => label).toSorted()).toEqual(['*', 'c1', 'total'])
      }
      // Whatever else the machine does, it does it to both.
      expect(times.ended / times.begun).toBeLessThan(20)
    } finally {
      editor.close()
    }
  })
})

/** The language service as editors speak with it. */
class Editor {
  readonly #server = spawn(process.execPath, [compiler, '--lsp', '--stdio'], { cwd: root })
  readonly #waiting = new Map<number, (result: { items: { label: string }[] }) => void>()
  #unread = Buffer.alloc(0)
  #id = 0

  constructor() {
    this.#server.stdout.on('data', (bytes: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, bytes])
      while (this.#next());
    })
  }

  ask(method: string, params: object): Promise<{ items: { label: string }[] }> {
    const id = ++this.#id
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#send({ id, method, params })
    })
  }

  tell(method: string, params: object): void {
    this.#send({ method, params })
  }

  close(): void {
    this.#server.kill()
  }

  #next(): boolean {
    const end = this.#unread.indexOf('\r\n\r\n')
    if (end < 0) return false
    const length = Number(/Content-Length: (\d+)/i.exec(this.#unread.subarray(0, end).toString())![1])
    if (this.#unread.length < end + 4 + length) return false
    const message = JSON.parse(this.#unread.subarray(end + 4, end + 4 + length).toString())
    this.#unread = this.#unread.subarray(end + 4 + length)
    if (message.method === undefined) {
      this.#waiting.get(message.id)?.(message.result)
      this.#waiting.delete(message.id)
    } else if (message.id !== undefined) {
      const nothing = message.method === 'workspace/configuration' ? message.params.items.map(() => null) : null
      this.#send({ id: message.id, result: nothing })
    }
    return true
  }

  #send(message: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    this.#server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }
}
