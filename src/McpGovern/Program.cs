Console.WriteLine("mcpgovern");
