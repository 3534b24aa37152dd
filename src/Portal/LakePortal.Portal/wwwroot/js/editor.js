// The SQL editor: CodeMirror when its bundle is there, else the plain text area that the page rendered.
const keyLabel = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘⏎' : 'Ctrl ⏎';

function plain(area, owner) {
  const onInput = () => owner.invokeMethodAsync('OnEdited', area.value);
  const onKey = event => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      owner.invokeMethodAsync('OnRun');
    }
  };
  area.addEventListener('input', onInput);
  area.addEventListener('keydown', onKey);
  return {
    kind: 'plain',
    get: () => area.value,
    selection: () => area.value.slice(area.selectionStart, area.selectionEnd),
    set: text => { area.value = text; },
    insert: text => { area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end'); onInput(); area.focus(); },
    schema: () => {},
    mark: (line, column) => {
      const lines = area.value.split('\n');
      const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
      area.focus();
      area.setSelectionRange(start, start + 1);
    },
    clearMarks: () => {},
    focus: () => area.focus(),
    dispose: () => { area.removeEventListener('input', onInput); area.removeEventListener('keydown', onKey); },
  };
}

function rich(cm, host, area, owner, text) {
  const language = new cm.Compartment();
  const languageOf = schema => language.reconfigure(cm.sql({ dialect: cm.dialect, schema, upperCaseKeywords: false }));
  let timer = 0;
  const edited = cm.EditorView.updateListener.of(update => {
    if (!update.docChanged) return;
    clearTimeout(timer);
    timer = setTimeout(() => owner.invokeMethodAsync('OnEdited', update.state.doc.toString()), 250);
  });
  const run = { key: 'Mod-Enter', run: target => {
    // What is offered for completion would stay open over the answer.
    cm.completionKeymap.find(binding => binding.key === 'Escape')?.run(target);
    owner.invokeMethodAsync('OnRun');
    return true;
  }, preventDefault: true };
  const view = new cm.EditorView({
    parent: host,
    state: cm.EditorState.create({
      doc: text,
      extensions: [
        cm.Prec.highest(cm.keymap.of([run])),
        cm.lineNumbers(), cm.highlightActiveLineGutter(), cm.highlightSpecialChars(), cm.history(), cm.drawSelection(), cm.dropCursor(),
        cm.EditorState.allowMultipleSelections.of(true), cm.indentOnInput(), cm.bracketMatching(), cm.closeBrackets(), cm.autocompletion(),
        cm.rectangularSelection(), cm.crosshairCursor(), cm.highlightActiveLine(), cm.highlightSelectionMatches(), cm.lintGutter(),
        cm.keymap.of([...cm.closeBracketsKeymap, ...cm.defaultKeymap, ...cm.searchKeymap, ...cm.historyKeymap, ...cm.completionKeymap, cm.indentWithTab]),
        language.of(cm.sql({ dialect: cm.dialect })), cm.syntaxHighlighting(cm.colours), cm.look, cm.EditorView.lineWrapping,
        cm.placeholder(`SELECT …   (${keyLabel} runs the selection, or everything)`),
        cm.EditorView.contentAttributes.of({ 'aria-label': 'SQL editor' }), edited,
      ],
    }),
  });
  area.hidden = true;
  return {
    kind: 'codemirror',
    get: () => view.state.doc.toString(),
    selection: () => view.state.selection.ranges.map(range => view.state.sliceDoc(range.from, range.to)).filter(part => part.length > 0).join('\n'),
    set: text2 => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text2 } }),
    insert: text2 => { view.dispatch(view.state.replaceSelection(text2)); view.focus(); },
    schema: schema => view.dispatch({ effects: languageOf(schema) }),
    // Line and column are those of the text that was run; a selection starts further down in the document.
    mark: (line, column, message, text2) => {
      const doc = view.state.doc;
      const shift = Math.max(0, doc.toString().indexOf(text2));
      const lines = text2.split('\n');
      const inText = lines.slice(0, line - 1).reduce((sum, part) => sum + part.length + 1, 0) + Math.max(0, column - 1);
      const from = Math.min(doc.length, shift + inText);
      const word = view.state.wordAt(from);
      const to = word ? word.to : Math.min(doc.length, from + 1);
      view.dispatch(cm.setDiagnostics(view.state, [{ from: Math.min(from, to), to, severity: 'error', message }]));
      view.dispatch({ effects: cm.EditorView.scrollIntoView(from, { y: 'center' }) });
    },
    clearMarks: () => view.dispatch(cm.setDiagnostics(view.state, [])),
    focus: () => view.focus(),
    dispose: () => { clearTimeout(timer); view.destroy(); },
  };
}

export async function mount(host, area, owner, text) {
  try {
    const cm = await import('../lib/codemirror.js');
    return rich(cm, host, area, owner, text);
  } catch (error) {
    console.warn('The editor bundle is not there; using a plain text area.', error);
    return plain(area, owner);
  }
}
