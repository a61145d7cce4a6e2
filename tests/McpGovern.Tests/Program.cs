using McpGovern.Tests.Storage;

return args switch
{
    ["store-writer", .. var rest] => await StoreWriter.RunAsync(rest),
    _ => 64,
};
