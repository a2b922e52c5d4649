-- Explain and review: a chat model's answers, which a script gives, in a floating window.
local Editor = require('editor')

local seconds = 60 -- for a slow machine that does other things, too

local folder = vim.loop.fs_realpath(vim.fn.tempname():match('^(.*)/')) .. '/answers'
local model = folder .. '/model'

local function write(path, text)
  vim.fn.writefile(vim.split(text, '\n', { plain = true }), folder .. '/' .. path, 'b')
end

-- The embedded model's configuration and tokenizer, with a chat template.
local function prepare()
  vim.fn.mkdir(model, 'p')
  vim.fn.mkdir(folder .. '/work', 'p')
  for _, name in ipairs({ 'config.json', 'generation_config.json', 'tokenizer.model', 'tokenizer_config.json' }) do
    local from = Editor.source .. '/models/loopcoder-mini/' .. name
    vim.fn.writefile(vim.fn.readfile(from, 'b'), model .. '/' .. name, 'b')
  end
  write(
    'model/chat_template.jinja',
    "{% for m in messages %}<|im_start|>{{ m.role }}\\n{{ m.content }}<|im_end|>\\n{% endfor %}<|im_start|>assistant\\n"
  )
  write(
    'answers.json',
    vim.json.encode({
      answers = {
        { when = 'Review this code.', text = 'No **defect**.' },
        { when = 'What does this code do?', text = '<think>Hm.</think>It prints:\n```\n3\n```' },
      },
    })
  )
  write('work/a.py', 'print(3)\n')
end

local function open(t)
  prepare()
  t.editor:lua(
    [[
      local folder, model, program = ...
      vim.o.lines, vim.o.columns = 30, 80
      vim.cmd('filetype on')
      local cmd = { program, 'lsp', '--stdio', '--model', model, '--script', folder .. '/answers.json' }
      require('rondo').setup({ cmd = cmd })
      vim.cmd('cd ' .. folder .. '/work')
      vim.cmd('edit a.py')
      -- Chooses the action whose title begins so.
      function _G.choose(title)
        vim.ui.select = function(actions, _, chosen)
          for i, action in ipairs(actions) do
            -- vim.lsp.buf.code_action() has pairs of client and action, or tables with both.
            local it = action.title and action or action.action or action[2]
            if vim.startswith(it.title, title) then
              return chosen(action, i)
            end
          end
        end
      end
      -- The lines of the floating window, if there is one.
      function _G.float()
        for _, window in ipairs(vim.api.nvim_list_wins()) do
          if vim.api.nvim_win_get_config(window).relative ~= '' then
            return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), '\n')
          end
        end
        return ''
      end
    ]],
    folder,
    model,
    assert(vim.env.RONDO_PROGRAM, 'RONDO_PROGRAM is not set')
  )
  t.editor:wait_for("require('rondo.server').client(0)", seconds)
  t.editor:wait_for([[
    (function()
      local call, client = require('rondo.server').call, require('rondo.server').client(0)
      local status = call(client, 'request_sync', 'rondo/status', vim.empty_dict(), 5000, 0)
      return status and status.result and status.result.model.state == 'ready'
    end)()
  ]], seconds)
end

return {
  {
    'ExplainsTheSelectionInAFloat',
    function(t)
      open(t)
      t.editor:lua("choose('Explain')")
      t.editor:type('V:Rondo actions<CR>')
      t.editor:wait_for("float():find('It prints:', 1, true)", seconds)
      t.equal(t.editor:lua("return float():find('Hm', 1, true) == nil"), true)
      t.equal(t.editor:lines(), { 'print(3)' })
    end,
  },
  {
    'ReviewsThroughTheEditorsOwnMenu',
    function(t)
      t.editor:type('<Esc>')
      t.editor:lua([[
        choose('Review')
        if vim.lsp.buf.range_code_action then
          vim.lsp.buf.range_code_action({}, { 1, 0 }, { 1, 7 })
        else
          vim.lsp.buf.code_action({ range = { start = { 1, 0 }, ['end'] = { 1, 7 } } })
        end
      ]])
      t.editor:wait_for("float():find('defect', 1, true)", seconds)
    end,
  },
}
