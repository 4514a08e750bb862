import { styleText } from 'node:util'

/** One answer, as far as the play tells of it. */
export interface Reply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly challenge: string | null
  readonly milliseconds: number
}

/** Prints the play: scenes, arrows, answers, decoded tokens. */
export const narrator = {
  scene(title: string): void {
    console.log(`\n${styleText('bold', title)}`)
  },
  arrow(from: string, to: string, request: string): void {
    console.log(`  ${styleText('cyan', `${from} ──▶ ${to}`)}  ${request}`)
  },
  reply(reply: Reply): void {
    const status = styleText(reply.status < 400 ? 'green' : 'yellow', String(reply.status))
    const code = typeof reply.body.code === 'string' ? `  ${reply.body.code}` : ''
    const challenge = reply.challenge === null ? '' : styleText('dim', `  ${reply.challenge}`)
    console.log(`  ◀── ${status}${code}  ${styleText('dim', `${reply.milliseconds.toFixed(1)} ms`)}${challenge}`)
  },
  aside(text: string): void {
    console.log(styleText('dim', `      ${text}`))
  },
  verdict(ok: boolean, claim: string): void {
    console.log(`  ${ok ? styleText('green', '✔') : styleText('red', '✘')} ${claim}`)
  },
}
