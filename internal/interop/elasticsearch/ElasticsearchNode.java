import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;
import org.elasticsearch.plugins.PluginsUtils;

/**
 * One Elasticsearch node, from the artifacts on the class path and a folder with config/elasticsearch.yml and modules/, which is the
 * first argument. The distribution's own main class needs its launcher on the other end of a pipe, and refuses to be root.
 */
public final class ElasticsearchNode {
    public static void main(String[] args) throws Exception {
        LogConfigurator.configureESLogging();
        Settings home = Settings.builder().put("path.home", args[0]).build();
        Environment at = InternalSettingsPreparer.prepareEnvironment(home, Map.of(), Path.of(args[0], "config"), () -> "interop");
        PluginsLoader modules = PluginsLoader.createPluginsLoader(PluginsUtils.getModuleBundles(at.modulesDir()), Set.of(), Map.of(), false);
        new Node(at, modules).start();
        new CountDownLatch(1).await(); // the node's own threads do not keep the process alive
    }
}
