// SPDX-License-Identifier: Apache-2.0
// The one-line editor of the filter bar, on CodeMirror. Loaded after the first chart, never before it. It lives in a
// shadow root: there CodeMirror's styles are a constructed sheet, which the content security policy allows.
import { acceptCompletion, autocompletion, closeCompletion, completionKeymap, completionStatus } from '@codemirror/autocomplete'
import type { Completion as Item, CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { EditorState, Prec, StateEffect, StateField, type Extension } from '@codemirror/state'
import { Decoration, type DecorationSet, EditorView, keymap, placeholder, ViewPlugin, type ViewUpdate } from '@codemirror/view'
import type { Completion } from '$/api/types'
import type { FilterError } from '$/filter/check'
import { tokenize } from '$/filter/clauses'

export interface EditorOptions {
  text: string
  label: string
  hint: string
  complete: (text: string, pos: number) => Promise<Completion>
  onchange: (text: string) => void
  onrun: (text: string) => void
  /** The filter `step` places back in history (+1 older), or undefined at its end. */
  onhistory: (step: 1 | -1) => string | undefined
}

export interface Editor {
  set: (text: string) => void
  error: (error: FilterError | undefined) => void
  focus: () => void
  destroy: () => void
}

const setError = StateEffect.define<FilterError | undefined>()
const underline = Decoration.mark({ class: 'cm-wrong' })

const errorMark = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, tr) {
    let next = marks.map(tr.changes)
    for (const effect of tr.effects) {
      if (!effect.is(setError)) continue
      const at = effect.value
      const to = at ? Math.min(at.to, tr.newDoc.length) : 0
      next = at && at.from < to ? Decoration.set(underline.range(at.from, to)) : Decoration.none
    }
    return next
  },
  provide: (field) => EditorView.decorations.from(field),
})

const TOKEN_MARKS = Object.fromEntries(
  ['string', 'number', 'operator', 'connective', 'comment'].map((kind) => [kind, Decoration.mark({ class: `cm-t-${kind}` })]),
)

function highlight(view: EditorView): DecorationSet {
  const marks = tokenize(view.state.doc.toString()).flatMap((token) => {
    const mark = TOKEN_MARKS[token.kind]
    return mark ? [mark.range(token.from, token.to)] : []
  })
  return Decoration.set(marks)
}

class Highlighter {
  marks: DecorationSet

  constructor(view: EditorView) {
    this.marks = highlight(view)
  }

  update(update: ViewUpdate): void {
    if (update.docChanged) this.marks = highlight(update.view)
  }
}

const highlighter = ViewPlugin.fromClass(Highlighter, { decorations: (plugin) => plugin.marks })

const theme = EditorView.theme({
  '&': { height: '100%', fontFamily: 'var(--mono)', fontSize: 'var(--text-m)', color: 'var(--ink)', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'inherit', lineHeight: 'calc(var(--control) - 2px)', overflowX: 'auto', scrollbarWidth: 'none' },
  '.cm-content': { padding: '0', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 8px 0 0' },
  '.cm-placeholder': { color: 'var(--ink-3)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-wrong': { textDecoration: 'underline wavy var(--bad)', textDecorationSkipInk: 'none', textUnderlineOffset: '3px' },
  '.cm-t-connective': { color: 'var(--accent)', fontWeight: '600' },
  '.cm-t-string': { color: 'var(--ok)' },
  '.cm-t-operator': { color: 'var(--ink-3)' },
  '.cm-t-number': { color: 'var(--warn)' },
  '.cm-t-comment': { color: 'var(--ink-3)', fontStyle: 'italic' },
  '.cm-tooltip': { border: '1px solid var(--line)', borderRadius: '6px', background: 'var(--raised)', boxShadow: 'var(--shadow)', overflow: 'hidden' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: 'var(--text-m)', maxHeight: '18em', minWidth: '280px', maxWidth: '640px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 10px', lineHeight: '1.5' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { background: 'var(--accent-soft)', color: 'var(--ink)' },
  '.cm-completionDetail': { marginLeft: '1.2em', fontStyle: 'normal', fontFamily: 'var(--sans)', fontSize: 'var(--text-s)', color: 'var(--ink-3)' },
  '.cm-completionMatchedText': { textDecoration: 'none', color: 'var(--accent)' },
})

function source(complete: EditorOptions['complete']) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const text = context.state.doc.toString()
    if (!context.explicit && text === '') return null
    const answer = await complete(text, context.pos).catch(() => null)
    if (!answer || answer.items.length === 0 || context.aborted) return null
    const options = answer.items.map(
      (item, i): Item => ({ label: item.text, detail: item.doc ?? '', boost: -i / 10, apply: item.text }),
    )
    return { from: answer.from, to: Math.max(answer.to, answer.from), options, filter: false }
  }
}

export function createEditor(parent: ShadowRoot, options: EditorOptions): Editor {
  const replace = (view: EditorView, text: string): void =>
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: text.length } })

  const past = (step: 1 | -1) => (view: EditorView): boolean => {
    if (completionStatus(view.state) === 'active') return false
    const text = options.onhistory(step)
    if (text !== undefined) replace(view, text)
    return true
  }
  const run = (view: EditorView): boolean => {
    closeCompletion(view)
    options.onrun(view.state.doc.toString())
    return true
  }
  const extensions: Extension = [
    Prec.highest(keymap.of([{ key: 'Tab', run: acceptCompletion }])),
    keymap.of(completionKeymap),
    keymap.of([
      { key: 'Enter', run },
      { key: 'Mod-Enter', run },
      { key: 'ArrowUp', run: past(1) },
      { key: 'ArrowDown', run: past(-1) },
    ]),
    keymap.of([...historyKeymap, ...defaultKeymap]),
    history(),
    autocompletion({ override: [source(options.complete)], selectOnOpen: false, icons: false, activateOnTypingDelay: 120 }),
    // one line: a pasted text with line breaks becomes one
    EditorState.transactionFilter.of((tr) => (tr.newDoc.lines > 1 ? [tr, oneLine(tr.newDoc.toString())] : tr)),
    EditorView.updateListener.of((update) => update.docChanged && options.onchange(update.state.doc.toString())),
    EditorView.contentAttributes.of({ 'aria-label': options.label, 'aria-multiline': 'false', spellcheck: 'false' }),
    placeholder(options.hint),
    errorMark,
    highlighter,
    theme,
  ]
  const view = new EditorView({ parent, root: parent, state: EditorState.create({ doc: options.text, selection: { anchor: options.text.length }, extensions }) })
  return {
    set: (text) => text !== view.state.doc.toString() && replace(view, text),
    error: (error) => view.dispatch({ effects: setError.of(error) }),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  }
}

function oneLine(text: string): { changes: { from: number; to: number; insert: string }; sequential: boolean } {
  return { changes: { from: 0, to: text.length, insert: text.replace(/\s*\n\s*/g, ' ') }, sequential: true }
}
