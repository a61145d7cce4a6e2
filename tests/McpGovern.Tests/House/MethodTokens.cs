using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace McpGovern.Tests.House;

/// <summary>Reads which types, methods and fields a method's instructions name.</summary>
internal static class MethodTokens
{
    private static readonly Dictionary<short, OpCode> ByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value);

    public static IEnumerable<EntityHandle> Of(MethodBodyBlock body)
    {
        var found = new List<EntityHandle>();
        var il = body.GetILReader();
        while (il.RemainingBytes > 0)
        {
            int first = il.ReadByte();
            var code = ByValue[first == 0xFE ? (short)(0xFE00 | il.ReadByte()) : (short)first];
            if (code.OperandType is OperandType.InlineMethod or OperandType.InlineField or OperandType.InlineType or OperandType.InlineTok)
            {
                found.Add(MetadataTokens.EntityHandle(il.ReadInt32()));
            }
            else
            {
                var size = code.OperandType == OperandType.InlineSwitch ? 4 * il.ReadInt32() : SizeOf(code.OperandType);
                il.Offset += size;
            }
        }

        return found;
    }

    private static int SizeOf(OperandType operand) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };
}
