package renkei;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.CodeSystem;
import org.hl7.fhir.r4.model.ElementDefinition;
import org.hl7.fhir.r4.model.StructureDefinition;
import org.hl7.fhir.r4.model.ValueSet;
import org.hl7.fhir.utilities.npm.NpmPackage;

/**
 * Judges files of FHIR JSON: {@code Validate PACKAGES OWN DIR}.
 *
 * <p>Files named {@code bad-*} must be refused, all others must have no error. Of the first good
 * document, {@link Variants} are made that must be refused too.
 *
 * <p>One process for all files, because starting costs seconds. One line for each file, its errors
 * below it; the last line is {@code N passed, M failed}; the exit code is 0 when none failed.
 */
public final class Validate {
    /**
     * These two and no others: the separate eReferral and eDischargeSummary packages define the same
     * names once more and break published examples.
     */
    private static final List<String> PACKAGES =
            List.of("jp-core.r4-1.1.2-url.orig.tgz", "jp-clins.r4-1.5.2.orig.tgz");

    /** The profile that slices one element twice, at which the engine stops. */
    private static final String SLICED_TWICE = "JP_Bundle_eReferral";

    private static final String SLICE = "Bundle.entry:observation";

    private static final int ERRORS_SHOWN = 20;

    private final FhirContext context = FhirContext.forR4();
    private final PrePopulatedValidationSupport definitions =
            new PrePopulatedValidationSupport(context);
    private FhirValidator validator;
    private int passed;
    private int failed;

    private Validate() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 3) {
            System.err.println("usage: Validate PACKAGES OWN DIR");
            System.exit(2);
        }
        Validate judge = new Validate();
        for (String name : PACKAGES) {
            judge.loadPackage(Path.of(arguments[0], name));
        }
        for (Path file : jsonFiles(Path.of(arguments[1]))) {
            judge.load(Files.readString(file), file.toString());
        }
        System.exit(judge.judgeAll(jsonFiles(Path.of(arguments[2]))) ? 0 : 1);
    }

    private static List<Path> jsonFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
        }
    }

    private void loadPackage(Path file) throws IOException {
        try (InputStream stream = Files.newInputStream(file)) {
            NpmPackage content = NpmPackage.fromPackage(stream);
            for (String name : content.listResources("StructureDefinition", "ValueSet", "CodeSystem")) {
                try (InputStream resource = content.loadResource(name)) {
                    load(new String(resource.readAllBytes(), StandardCharsets.UTF_8), name);
                }
            }
        }
    }

    private void load(String text, String name) {
        IParser parser = context.newJsonParser();
        IBaseResource resource;
        try {
            resource = parser.parseResource(text);
        } catch (RuntimeException broken) {
            throw new IllegalArgumentException(name + ": " + broken.getMessage(), broken);
        }
        if (resource instanceof StructureDefinition profile) {
            if (SLICED_TWICE.equals(profile.getName())) {
                removeInnerSlicing(profile);
            }
            definitions.addStructureDefinition(profile);
        } else if (resource instanceof ValueSet values) {
            definitions.addValueSet(values);
        } else if (resource instanceof CodeSystem codes) {
            definitions.addCodeSystem(codes);
        }
    }

    private static void removeInnerSlicing(StructureDefinition profile) {
        List<ElementDefinition> elements = profile.getSnapshot().getElement();
        elements.removeIf(element -> element.getId().startsWith(SLICE + "/"));
        elements.stream()
                .filter(element -> element.getId().equals(SLICE))
                .forEach(element -> element.setSlicing(null));
    }

    private FhirValidator validator() {
        UnknownCodeSystemWarningValidationSupport unknown =
                new UnknownCodeSystemWarningValidationSupport(context);
        // A code system that no package carries is named, not silenced and not an error.
        unknown.setNonExistentCodeSystemSeverity(
                ca.uhn.fhir.context.support.IValidationSupport.IssueSeverity.WARNING);
        ValidationSupportChain chain =
                new ValidationSupportChain(
                        new DefaultProfileValidationSupport(context),
                        definitions,
                        new CommonCodeSystemsTerminologyService(context),
                        new InMemoryTerminologyServerValidationSupport(context),
                        unknown,
                        new SnapshotGeneratingValidationSupport(context));
        FhirInstanceValidator instance = new FhirInstanceValidator(chain);
        instance.setAnyExtensionsAllowed(false);
        instance.setErrorForUnknownProfiles(true);
        instance.setAssumeValidRestReferences(true);
        return context.newValidator().registerValidatorModule(instance);
    }

    private boolean judgeAll(List<Path> files) throws IOException {
        String document = null;
        for (Path file : files) {
            String text = Files.readString(file);
            boolean bad = file.getFileName().toString().startsWith("bad-");
            boolean ok = judge(file.toString(), text, bad);
            if (ok && !bad && document == null && Variants.isDocument(text)) {
                document = text;
                for (Map.Entry<String, String> variant : Variants.of(text).entrySet()) {
                    judge(file + ", " + variant.getKey(), variant.getValue(), true);
                }
            }
        }
        System.out.println(passed + " passed, " + failed + " failed");
        // An empty folder means that nothing was judged, which must not look like success.
        return failed == 0 && passed > 0;
    }

    private boolean judge(String name, String text, boolean bad) {
        List<SingleValidationMessage> errors = errors(text);
        boolean ok = errors.isEmpty() != bad;
        passed += ok ? 1 : 0;
        failed += ok ? 0 : 1;
        System.out.println((ok ? "ok   " : "FAIL ") + name + ": " + errors.size() + " errors"
                + (bad && ok ? ", as it should: " + brief(errors.get(0)) : ""));
        if (!ok) {
            errors.stream().limit(ERRORS_SHOWN).forEach(error -> System.out.println("       " + brief(error)));
        }
        return ok;
    }

    private List<SingleValidationMessage> errors(String text) {
        if (validator == null) {
            validator = validator();
        }
        return validator.validateWithResult(text).getMessages().stream()
                .filter(message -> message.getSeverity() == ResultSeverityEnum.ERROR
                        || message.getSeverity() == ResultSeverityEnum.FATAL)
                .toList();
    }

    private static String brief(SingleValidationMessage message) {
        return message.getLocationString() + ": " + message.getMessage();
    }
}
