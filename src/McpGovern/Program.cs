using McpGovern.Cli;

return await CommandLine.RunAsync(args);
