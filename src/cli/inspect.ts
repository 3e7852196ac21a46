import { readFooter } from '../format/parquet/footer.ts'
import { openByteSource } from '../storage/open.ts'
import type { ByteSource } from '../storage/storage.ts'
import type { Command } from './command.ts'
import { avroText, describeAvro } from './inspect/describe-avro.ts'
import { describeFile } from './inspect/describe-file.ts'
import { descriptionText } from './inspect/description-text.ts'

/**
 * What a file says of itself, as text or JSON: the footer of a Parquet file, the header of an Avro file and the heads of its blocks. No
 * data is decoded, which is why there is no progress to show.
 */
export async function inspect({ file, format }: Command & { kind: 'inspect' }, signal: AbortSignal): Promise<string> {
  const source = openByteSource(file)
  if (await isAvro(source, signal)) {
    const description = await describeAvro(source, signal)
    return format === 'json' ? json(description) : avroText(description)
  }
  const description = describeFile(await readFooter(source, { signal }))
  return format === 'json' ? json(description) : descriptionText(description)
}

function json(description: object): string {
  return `${JSON.stringify(description, undefined, 2)}\n`
}

/** By its first bytes, whatever it is called. */
async function isAvro(source: ByteSource, signal: AbortSignal): Promise<boolean> {
  const { size } = await source.stat({ signal })
  if (size < 4) return false
  const start = await source.read(0, 4, { signal })
  return String.fromCharCode(...start) === 'Obj\u0001'
}
