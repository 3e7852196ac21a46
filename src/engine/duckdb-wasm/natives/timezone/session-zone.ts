import type { Connection, Duckdb } from '../../boot.ts'
import type { NativeFunctions } from '../native-functions.ts'
import { LakefrontError, nearestName } from '../../../../errors.ts'
import { zoneNames, Zones } from './zone.ts'
import type { Zone } from './zone.ts'

const settingName = 'TimeZone'

/** The zone that a connection has set (`SET TimeZone = 'Europe/Berlin'`), of the connection that runs. Before it is set, that of the machine. */
export class SessionZone {
  readonly zones: Zones = new Zones()
  readonly #functions: NativeFunctions
  #name: string
  #zone: Zone

  constructor(functions: NativeFunctions, connection: Connection) {
    this.#functions = functions
    this.#name = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'
    this.#zone = this.zones.get(this.#name)
    const { api, duckdb } = functions
    const { heap } = duckdb
    const option = api.createConfigOption()
    heap.withText(settingName, (text) => api.configOptionSetName(option, text))
    functions.types.with({ kind: 'varchar' }, (type) => api.configOptionSetType(option, type))
    heap.withText(this.#name, (text, bytes) => {
      const value = duckdb.capi.createVarcharLength(text, bytes)
      api.configOptionSetDefaultValue(option, value)
      heap.withPointer(value, duckdb.capi.destroyValue)
    })
    heap.withText('The current time zone', (text) => api.configOptionSetDescription(option, text))
    api.registerConfigOption(connection.pointer, option)
    heap.withPointer(option, api.destroyConfigOption)
  }

  get name(): string {
    return this.#name
  }

  get zone(): Zone {
    return this.#zone
  }

  /** Takes the zone of `connection`. Call before its statements are planned or run, and after they may have set it. @throws LakefrontError `INVALID_ARGUMENT` for a zone that is not known; it is set back. */
  follow({ pointer }: Connection): void {
    const name = this.#settingOf(pointer)
    if (name === this.#name) return
    try {
      this.#zone = this.zones.get(name)
      this.#name = name
    } catch (error) {
      this.#set(pointer, this.#name)
      const near = nearestName(name, zoneNames())
      throw new LakefrontError(
        'INVALID_ARGUMENT',
        `Unknown TimeZone '${name}'. Zones have names such as UTC and Europe/Berlin; FROM pg_timezone_names() lists them.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
        { cause: error },
      )
    }
  }

  /** Spells the setting of `connection` as the zone is spelled, whatever the case it was given in. Call when nothing runs on it. */
  settle({ pointer }: Connection): void {
    const { name } = this.#zone
    if (name === this.#name || name.toLowerCase() !== this.#name.toLowerCase()) return
    this.#name = name
    this.#set(pointer, name)
  }

  #settingOf(connection: number): string {
    const { api, duckdb } = this.#functions
    const { capi, heap } = duckdb
    return heap.withWords(2, (slots) => {
      api.connectionGetClientContext(connection, slots)
      const value = heap.withText(settingName, (text) =>
        api.clientContextGetConfigOption(heap.pointerAt(slots), text, slots + 4),
      )
      api.destroyClientContext(slots)
      if (value === 0) return this.#name
      const name = heap.takeText(capi.getVarchar(value))
      heap.withPointer(value, capi.destroyValue)
      return name
    })
  }

  #set(connection: number, name: string): void {
    const { capi, heap }: Duckdb = this.#functions.duckdb
    heap.withWords(16, (result) => {
      heap.withText(`SET ${settingName} = '${name.replaceAll("'", "''")}'`, (sql) =>
        capi.query(connection, sql, result),
      )
      capi.destroyResult(result)
    })
  }
}
