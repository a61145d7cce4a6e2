using McpGovern.Benchmarks;

// Each prints a Markdown table of ratios: both sides run interleaved, in one process, in one run, because machines are shared and noisy.
return args switch
{
    ["policy"] => PolicyBenchmark.Run(),
    ["park"] => await ParkBenchmark.RunAsync(),
    ["pins"] => await PinsBenchmark.RunAsync(),
    ["flood"] => await FloodBenchmark.RunAsync(),
    ["flood", var times] => await FloodBenchmark.RunAsync(int.Parse(times, null)),
    ["flood", var times, var atOnce] => await FloodBenchmark.RunAsync(int.Parse(times, null), int.Parse(atOnce, null)),
    ["flooder", var address, var atOnce, var times] => await FloodBenchmark.FloodAsync(new Uri(address), int.Parse(atOnce, null), int.Parse(times, null)),
    ["upstream"] => await EchoUpstream.RunAsync(),
    ["first-list", _, ..] => await FirstListBenchmark.RunAsync(args[1..]),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project tests/McpGovern.Benchmarks -- policy|pins|park|flood [TIMES [AT_ONCE]]|first-list COMMAND...");
    return 2;
}
