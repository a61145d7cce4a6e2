using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace McpGovern.Tests.House;

/// <summary>Who names whom in a compiled assembly. Text would miss <c>var</c> and inferred type arguments, and find comments.</summary>
internal static class TypeUses
{
    public static IReadOnlyList<string> ReferencedAssemblies(string assemblyFile)
    {
        using var file = new PEReader(File.OpenRead(assemblyFile));
        var reader = file.GetMetadataReader();
        return [.. reader.AssemblyReferences.Select(handle => reader.GetString(reader.GetAssemblyReference(handle).Name))];
    }

    public static IReadOnlyList<TypeUse> Of(string assemblyFile)
    {
        using var file = new PEReader(File.OpenRead(assemblyFile));
        var reader = file.GetMetadataReader();
        var names = new TypeNames(reader);
        var uses =
            from type in reader.TypeDefinitions
            from used in Collect(file, reader, reader.GetTypeDefinition(type))
            select names.UseOf(type, used);
        return [.. uses.Where(use => use.User != use.Used).Distinct()];
    }

    private static HashSet<EntityHandle> Collect(PEReader file, MetadataReader reader, TypeDefinition type)
    {
        var found = new HandleCollector(reader);
        AddAll([type.BaseType, .. type.GetInterfaceImplementations().Select(handle => reader.GetInterfaceImplementation(handle).Interface)]);
        AddAttributes(type.GetCustomAttributes());
        AddConstraints(type.GetGenericParameters());
        foreach (var field in type.GetFields().Select(reader.GetFieldDefinition))
        {
            field.DecodeSignature(found, default);
            AddAttributes(field.GetCustomAttributes());
        }

        foreach (var property in type.GetProperties().Select(reader.GetPropertyDefinition))
        {
            AddAttributes(property.GetCustomAttributes());
        }

        foreach (var method in type.GetMethods().Select(reader.GetMethodDefinition))
        {
            method.DecodeSignature(found, default);
            AddAttributes(method.GetCustomAttributes());
            AddAttributes(method.GetParameters().SelectMany(handle => reader.GetParameter(handle).GetCustomAttributes()));
            AddConstraints(method.GetGenericParameters());
            if (method.RelativeVirtualAddress != 0)
            {
                var body = file.GetMethodBody(method.RelativeVirtualAddress);
                AddAll([body.LocalSignature, .. body.ExceptionRegions.Select(region => region.CatchType), .. MethodTokens.Of(body)]);
            }
        }

        return found.Types;

        void AddAll(IEnumerable<EntityHandle> handles)
        {
            foreach (var handle in handles.Where(handle => !handle.IsNil))
            {
                found.Add(handle);
            }
        }

        void AddAttributes(IEnumerable<CustomAttributeHandle> attributes) =>
            AddAll(attributes.Select(handle => reader.GetCustomAttribute(handle).Constructor));

        void AddConstraints(IEnumerable<GenericParameterHandle> parameters) =>
            AddAll(parameters.SelectMany(handle => reader.GetGenericParameter(handle).GetConstraints())
                .Select(handle => reader.GetGenericParameterConstraint(handle).Type));
    }
}
