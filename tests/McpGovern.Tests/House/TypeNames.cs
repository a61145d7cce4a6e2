using System.Reflection.Metadata;

namespace McpGovern.Tests.House;

/// <summary>Full names of the outermost types that metadata handles stand for.</summary>
internal sealed class TypeNames(MetadataReader reader)
{
    private readonly string own = reader.GetString(reader.GetAssemblyDefinition().Name);

    public TypeUse UseOf(TypeDefinitionHandle user, EntityHandle used)
    {
        var (assembly, name) = NameOf(used);
        return new TypeUse(NameOf(user).Name, assembly, name);
    }

    private (string Assembly, string Name) NameOf(EntityHandle handle) => handle.Kind == HandleKind.TypeDefinition
        ? (own, NameOf(reader.GetTypeDefinition((TypeDefinitionHandle)handle)))
        : NameOf(reader.GetTypeReference((TypeReferenceHandle)handle));

    private string NameOf(TypeDefinition type) => type.GetDeclaringType() is { IsNil: false } outer
        ? NameOf(reader.GetTypeDefinition(outer))
        : Join(type.Namespace, type.Name);

    private (string Assembly, string Name) NameOf(TypeReference type) => type.ResolutionScope.Kind switch
    {
        HandleKind.TypeReference => NameOf(reader.GetTypeReference((TypeReferenceHandle)type.ResolutionScope)),
        HandleKind.AssemblyReference => (
            reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name),
            Join(type.Namespace, type.Name)),
        _ => (own, Join(type.Namespace, type.Name)),
    };

    private string Join(StringHandle space, StringHandle name) => space.IsNil ? reader.GetString(name) : $"{reader.GetString(space)}.{reader.GetString(name)}";
}
