-- Where and how ghost text is drawn: a buffer with ^ for the cursor, a server's item, and the screen.
local can_move_aside = vim.fn.has('nvim-0.10') == 1

local function at(character, to)
  return { start = { line = 0, character = character }, ['end'] = { line = 0, character = to or character } }
end

local cases = {
  {
    'at the end of a line',
    'discount = vol^',
    { insertText = 'ume(x)', range = at(14) },
    { 'discount = volume(x)' },
  },
  {
    'without a range',
    'discount = vol^',
    { insertText = 'ume(x)' },
    { 'discount = volume(x)' },
  },
  {
    'in front of what stands behind the cursor',
    'f(^)  # ten',
    { insertText = 'a, b', range = at(2) },
    { 'f(a, b)  # ten' },
  },
  {
    'in place of what it takes over',
    'f(^)  # ten',
    { insertText = 'a, b)', range = at(2, 3) },
    { 'f(a, b)  # ten' },
  },
  {
    'shorter than what it takes over',
    'f(^old_name)',
    { insertText = 'x', range = at(2, 10) },
    { 'f(x)' },
  },
  {
    'with a range that begins before the cursor',
    'dis^',
    { insertText = 'discount', range = at(0, 3) },
    { 'discount' },
  },
  {
    'over several lines',
    'def f():^\nrest',
    { insertText = '\n    a\n    return b' },
    { 'def f():', '    a', '    return b', 'rest' },
  },
  {
    'over several lines, with the rest of the line behind the last',
    'f(^)',
    { insertText = 'a,\n  b' },
    { 'f(a,', '  b)' },
  },
  {
    'with tabs where the text will have them',
    'ab^',
    { insertText = '\tc\n\td\te' },
    { 'ab      c', '        d       e' },
  },
  {
    'behind letters of several bytes and of two cells',
    'grüße = "東京" + 𝄞^)',
    { insertText = 'x', range = at(17) },
    { 'grüße = "東京" + 𝄞x)' },
  },
}

local tests = {}
for _, case in ipairs(cases) do
  table.insert(tests, {
    case[1],
    function(t)
      t.editor:put(case[2])
      t.editor:lua('_G.suggest(...)', { case[3] })
      t.equal(t.editor:screen(), case[4], 'screen')
      t.editor:type('<C-]>')
      t.equal(t.editor:screen(), vim.split((case[2]:gsub('%^', '')), '\n'), 'screen after <C-]>')
    end,
  })
end

local refused = {
  { 'a snippet', 'a^', { insertText = { kind = 'snippet', value = '$1' } } },
  { 'what would change text before the cursor', 'dis^', { insertText = 'count', range = at(0, 3) } },
  { 'a range on another line', '\na^', { insertText = 'bc', range = at(0, 1) } },
  { 'a range behind the cursor', 'a^bc', { insertText = 'x', range = at(2, 3) } },
  { 'nothing', 'a^', { insertText = '' } },
  { 'what is there already', 'a^)', { insertText = ')', range = at(1, 2) } },
}
for _, case in ipairs(refused) do
  table.insert(tests, {
    'not: ' .. case[1],
    function(t)
      t.editor:put(case[2])
      t.editor:lua('_G.suggest(...)', { case[3] })
      t.equal(t.editor:lua("return require('rondo.inline').is_shown()"), false)
    end,
  })
end

table.insert(tests, 1, {
  'set up',
  function(t)
    t.editor:lua("require('rondo').setup()")
  end,
})

table.insert(tests, {
  'moves the rest of the line aside where Neovim can',
  function(t)
    t.editor:put('f(^)')
    t.editor:lua('_G.suggest(...)', { { insertText = 'a' } })
    local mark = t.editor:lua([[
      local namespace = vim.api.nvim_get_namespaces().rondo
      return vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })[1][4]
    ]])
    t.equal(mark.virt_text_pos, can_move_aside and 'inline' or 'overlay')
    t.equal(mark.virt_text[1], { 'a', 'RondoSuggestion' })
  end,
})

return tests
