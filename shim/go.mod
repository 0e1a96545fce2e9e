module mcp-lifecycle/shim

go 1.24
